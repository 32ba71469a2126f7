"""Closing: the day's close."""

revision = "20261122_22_closing"
down_revision = "20261122_21_memberships"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
