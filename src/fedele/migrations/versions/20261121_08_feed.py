"""Feed: the tables and functions of this room."""

from alembic import op

revision = "20261121_08_feed"
down_revision = "20261121_07_messaging"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
