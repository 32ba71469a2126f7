"""Surveys: triggers, partial answers, profile."""

revision = "20261122_31_surveys"
down_revision = "20261122_30_checkout"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
