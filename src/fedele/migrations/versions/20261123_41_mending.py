"""What a second reading found."""

revision = "20261123_41_mending"
down_revision = "20261123_40_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
