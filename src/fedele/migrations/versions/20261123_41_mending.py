"""What a second reading found."""

from fedele.migrations.sql import run_sql

revision = "20261123_41_mending"
down_revision = "20261123_40_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _sightings()
    _decisions_of_late()
    _what_is_forgotten_by_the_clock()


def _sightings() -> None:
    """Erasure looks sightings up by member, and the daily trimming by their age: neither may read them all."""
    run_sql(
        """
        CREATE INDEX ix_fraud_sighting_member_id ON fraud_sighting (member_id);
        CREATE INDEX ix_fraud_sighting_occurred_at ON fraud_sighting USING brin (occurred_at);
        """
    )


def _decisions_of_late() -> None:
    """What stopped a rule of late is asked of the latest decisions, not of those that happen to lie first."""
    run_sql("CREATE INDEX ix_evaluation_source_id ON evaluation USING brin (source_id);")


def _what_is_forgotten_by_the_clock() -> None:
    """Every few minutes: surveys nobody was asked, after two months, and pictures nothing shows, after a week."""
    run_sql(
        """
        CREATE INDEX ix_survey_invitation_skipped ON survey_invitation (due_at) WHERE state = 'skipped';
        CREATE INDEX ix_member_picture_uploaded_at ON member_picture (uploaded_at);
        """
    )
