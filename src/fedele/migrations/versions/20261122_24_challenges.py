"""Challenges: goals, streaks and badges."""

revision = "20261122_24_challenges"
down_revision = "20261122_23_rewards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
