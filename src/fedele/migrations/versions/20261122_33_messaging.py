"""Messaging: channels, the governor, deliveries."""

revision = "20261122_33_messaging"
down_revision = "20261122_32_support"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
