"""Tiers: manual grants and kept-until."""

revision = "20261122_20_tiers"
down_revision = "20261122_19_value"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
