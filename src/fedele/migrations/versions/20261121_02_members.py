"""Members: the tables and functions of this room."""

from alembic import op

revision = "20261121_02_members"
down_revision = "20261121_01_foundation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
