"""Memberships: paid plans, their terms and payments."""

revision = "20261122_21_memberships"
down_revision = "20261122_20_tiers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
