"""Checkout: rotating codes, holds and replay."""

revision = "20261122_27_checkout"
down_revision = "20261122_26_programme"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
