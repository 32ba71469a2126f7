"""The till: what a sale costs."""

revision = "20261123_42_checkout"
down_revision = "20261123_41_mending"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
