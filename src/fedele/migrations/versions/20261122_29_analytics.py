"""Analytics: liability, budgets."""

revision = "20261122_29_analytics"
down_revision = "20261122_28_fraud"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
