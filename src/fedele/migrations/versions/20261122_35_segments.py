"""Segments: facts, membership, RFM."""

revision = "20261122_35_segments"
down_revision = "20261122_34_journeys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
