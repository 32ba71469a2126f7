"""Earning: the tables and functions of this room."""

from alembic import op

revision = "20261121_10_earning"
down_revision = "20261121_09_tiers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
