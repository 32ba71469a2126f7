"""Programme: the tables and functions of this room."""

from alembic import op

revision = "20261121_03_programme"
down_revision = "20261121_02_members"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
