"""Exchange: no tables. Imports go through the commands of the rooms they belong to and keep nothing of their own."""

revision = "20261121_16_exchange"
down_revision = "20261121_15_wallet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
