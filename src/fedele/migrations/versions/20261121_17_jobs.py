"""Jobs: the tables and functions of this room."""

from alembic import op

revision = "20261121_17_jobs"
down_revision = "20261121_16_exchange"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
