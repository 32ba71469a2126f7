"""Messages, texts and journeys: what was missing."""

revision = "20261123_40_messages"
down_revision = "20261123_39_passes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
