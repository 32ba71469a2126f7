"""Checkout: the tables and functions of this room."""

from alembic import op

revision = "20261121_14_checkout"
down_revision = "20261121_13_surveys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
