"""Exchange: the tables and functions of this room."""

from alembic import op

revision = "20261121_16_exchange"
down_revision = "20261121_15_wallet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
