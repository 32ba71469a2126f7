"""Wallet: passes of rewards, Google objects, joining."""

revision = "20261122_38_wallet"
down_revision = "20261122_37_feed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
