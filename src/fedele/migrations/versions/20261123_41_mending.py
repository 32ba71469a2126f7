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
    _words_about_referrals()
    _refunds_given_up()
    _the_last_wrong_pin()


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


def _words_about_referrals() -> None:
    """An operator's words may name the member: erasure may empty them, and nothing else of a decision changes."""
    run_sql(
        """
        DROP TRIGGER append_only_v1 ON referral_check;
        CREATE TRIGGER append_only_v1
            BEFORE DELETE OR UPDATE OF member_id, check_id, referral_id, outcome, actor, decided_at ON referral_check
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        CREATE TRIGGER words_only_go_v1 BEFORE UPDATE OF reason ON referral_check FOR EACH ROW
            WHEN (NEW.reason <> '' OR OLD.outcome NOT IN ('approved', 'rejected'))
            EXECUTE FUNCTION refuse_change_v1();
        GRANT UPDATE (reason) ON referral_check TO fedele_app;
        """
    )


def _refunds_given_up() -> None:
    """A refund that the provider declines for a month is not asked for any more, and people can see that."""
    run_sql(
        """
        ALTER TABLE membership_payment
            DROP CONSTRAINT ck_membership_payment_state,
            ADD CONSTRAINT ck_membership_payment_state
                CHECK (state IN ('requested', 'succeeded', 'declined', 'given_up'));
        """
    )


def _the_last_wrong_pin() -> None:
    """Under which request it was said, and its Argon2 hash: to tell a request sent again from a further guess."""
    run_sql("ALTER TABLE member_pin ADD COLUMN wrong_request bytea, ADD COLUMN wrong_hash text;")
