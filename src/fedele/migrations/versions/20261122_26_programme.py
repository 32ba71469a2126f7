"""Programme: a version that has not begun can be withdrawn."""

from fedele.migrations.sql import run_sql

revision = "20261122_26_programme"
down_revision = "20261122_25_referrals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A version that was withdrawn before it began, without a change to the row that says what it was."""
    run_sql(
        """
        -- Versions never change or vanish, so a withdrawal is a row of its own. Small and replicated, like them.
        -- What was withdrawn is never in force, not even before the first version begins.
        CREATE TABLE programme_withdrawal (
            version integer NOT NULL,
            actor text NOT NULL DEFAULT '',
            reason text NOT NULL DEFAULT '',
            recorded_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_programme_withdrawal PRIMARY KEY (version),
            CONSTRAINT fk_programme_withdrawal_version_programme_version
                FOREIGN KEY (version) REFERENCES programme_version (version)
        );
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON programme_withdrawal
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON programme_withdrawal FROM fedele_app;
        """
    )
