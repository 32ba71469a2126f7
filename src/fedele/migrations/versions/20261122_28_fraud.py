"""Fraud: velocity rules and the review queue."""

revision = "20261122_28_fraud"
down_revision = "20261122_27_checkout"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
