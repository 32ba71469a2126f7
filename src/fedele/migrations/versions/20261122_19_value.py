"""Value: what earning, expiry and returns keep besides the first tables."""

revision = "20261122_19_value"
down_revision = "20261121_18_documents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
