"""Messages, texts and journeys: what was missing."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261123_40_messages"
down_revision = "20261123_39_passes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Decide on a batch of messages in one statement a round, not in one a message."""
    run_sql("DROP FUNCTION message_decide_v1(jsonb, timestamptz)")
    run_sql_file("message_decide_v2")
