"""Programme: the versions of the programme file, append-only."""

from fedele.migrations.sql import run_sql

revision = "20261121_03_programme"
down_revision = "20261121_02_members"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- Every version that was ever applied. Small and replicated (a reference table on Citus): no member owns a row.
        -- In force at a moment is the row with the latest effective_from not after it, the higher version if two agree.
        CREATE TABLE programme_version (
            version integer NOT NULL,
            effective_from timestamptz NOT NULL,
            source_text text NOT NULL,
            source_hash bytea NOT NULL,
            actor text NOT NULL DEFAULT '',
            recorded_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_programme_version PRIMARY KEY (version),
            CONSTRAINT ck_programme_version_version_positive CHECK (version > 0)
        );
        CREATE INDEX ix_programme_version_effective_from ON programme_version (effective_from);

        -- Accruals carry the version that judged them: a version must never change or vanish.
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON programme_version
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON programme_version FROM fedele_app;
        """
    )
