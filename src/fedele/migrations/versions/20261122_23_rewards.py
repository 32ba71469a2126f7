"""Rewards: pools, automatic rewards, holds."""

revision = "20261122_23_rewards"
down_revision = "20261122_22_closing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
