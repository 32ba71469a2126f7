"""Foundation: the tables and functions of this room."""

from alembic import op

revision = "20261121_01_foundation"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
