"""Messages, texts and journeys: what was missing."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261123_40_messages"
down_revision = "20261123_39_passes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Decide on batches in one statement a round; announce overdue cases once; find texts that nobody has read."""
    run_sql("DROP FUNCTION message_decide_v1(jsonb, timestamptz)")
    run_sql_file("message_decide_v2")
    run_sql(
        """
        ALTER TABLE support_case ADD COLUMN overdue_at timestamptz;
        CREATE INDEX ix_support_case_overdue ON support_case (due_at)
            WHERE overdue_at IS NULL AND state NOT IN ('resolved', 'closed');
        CREATE INDEX ix_text_reading_unread ON text_reading (read_at) WHERE model IS NULL;
        """
    )
