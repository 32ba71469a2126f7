"""Documents: the GraphQL documents that app teams publish."""

from fedele.migrations.sql import run_sql

revision = "20261121_18_documents"
down_revision = "20261121_17_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- What may run in `trusted` mode besides our own operations. Small and replicated (a reference table on Citus).
        CREATE TABLE trusted_document (
            sha256 text NOT NULL,
            schema_name text NOT NULL,
            app text NOT NULL,
            name text NOT NULL,
            body text NOT NULL,
            published_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_trusted_document PRIMARY KEY (sha256, schema_name),
            CONSTRAINT ck_trusted_document_sha256_hexadecimal CHECK (sha256 ~ '^[0-9a-f]{64}$')
        );

        -- Phones in the field name a document for as long as that version of the app lives: never change, never vanish.
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON trusted_document
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON trusted_document FROM fedele_app;
        """
    )
