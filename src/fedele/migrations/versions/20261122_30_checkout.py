"""The till: what a sale costs."""

revision = "20261122_30_checkout"
down_revision = "20261122_29_analytics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
