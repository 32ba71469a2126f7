"""Checkout: the calls that make a sale, an event or a return whole or not at all. It has no tables of its own."""

from fedele.migrations.sql import run_sql_file

revision = "20261121_14_checkout"
down_revision = "20261121_13_surveys"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "checkout_begin_v1",
    "checkout_end_v1",
    "award_v1",
    "settle_v1",
    "settle_series_v1",
    "record_event_v1",
    "return_v1",
)


def upgrade() -> None:
    for name in FUNCTIONS:
        run_sql_file(name)
