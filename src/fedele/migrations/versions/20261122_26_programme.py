"""Programme: what plan, re-rating and Explain keep."""

revision = "20261122_26_programme"
down_revision = "20261122_25_referrals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
