"""Foundation: the member's version, the outbox, idempotent requests, and the words every later migration uses."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261121_01_foundation"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("app_role")
    run_sql(
        """
        -- One narrow row a member. Its row lock makes the member's operations serial; fillfactor keeps updates HOT.
        CREATE TABLE member_version (
            member_id uuid NOT NULL,
            version bigint NOT NULL DEFAULT 0,
            CONSTRAINT pk_member_version PRIMARY KEY (member_id)
        ) WITH (fillfactor = 50);

        -- Announcements waiting for the relay.
        CREATE TABLE outbox (
            member_id uuid NOT NULL,
            id uuid NOT NULL,
            kind text NOT NULL,
            payload jsonb NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_outbox PRIMARY KEY (member_id, id)
        );

        -- What was asked under a key, and what was answered.
        CREATE TABLE request (
            scope text NOT NULL,
            key text NOT NULL,
            input_hash bytea NOT NULL,
            member_id uuid,
            response jsonb,
            recorded_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_request PRIMARY KEY (scope, key)
        );
        """
    )
    run_sql_file("refuse_change_v1")
    run_sql_file("member_lock_v1")
    run_sql_file("outbox_publish_v1")
