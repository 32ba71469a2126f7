"""Feed: policies, exposure, recommendations."""

revision = "20261122_37_feed"
down_revision = "20261122_36_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
