"""Rewards and tickets as passes of their own."""

revision = "20261123_39_passes"
down_revision = "20261122_38_wallet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
