"""Journeys."""

revision = "20261122_34_journeys"
down_revision = "20261122_33_messaging"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
