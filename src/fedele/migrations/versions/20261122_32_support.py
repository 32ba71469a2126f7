"""Support: texts read, cases, reviews, events with attendance."""

revision = "20261122_32_support"
down_revision = "20261122_31_surveys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
