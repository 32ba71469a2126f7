"""Referrals: codes and who brought whom."""

revision = "20261122_25_referrals"
down_revision = "20261122_24_challenges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
