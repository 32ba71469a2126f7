"""Offers: triggers, places, weather, positions."""

revision = "20261122_36_offers"
down_revision = "20261122_35_segments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
