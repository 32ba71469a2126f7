"""Journeys: where every member stands, every step taken and why, and what is paused."""

from fedele.migrations.sql import run_sql

revision = "20261122_34_journeys"
down_revision = "20261122_33_messaging"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- A member's way through a journey. `entry_key` says what brought them in, so that it brings them in once.
        -- Workers claim by `next_due`. Emptied by erasure.
        CREATE TABLE journey_run (
            member_id uuid NOT NULL,
            run_id uuid NOT NULL,
            journey_key text NOT NULL,
            entry_key text NOT NULL,
            programme_version integer NOT NULL,
            seen_version integer NOT NULL,
            state text NOT NULL,
            step_key text,
            step_since timestamptz NOT NULL,
            visits integer NOT NULL,
            next_due timestamptz,
            entered_at timestamptz NOT NULL,
            ended_at timestamptz,
            reason text,
            goal_at timestamptz,
            goal_until timestamptz,
            arm text,
            attempts integer NOT NULL DEFAULT 0,
            CONSTRAINT pk_journey_run PRIMARY KEY (member_id, run_id),
            CONSTRAINT uq_journey_run_member_id_journey_key UNIQUE (member_id, journey_key, entry_key),
            CONSTRAINT ck_journey_run_state_known CHECK (
                state IN ('active', 'holdout', 'held', 'declined', 'completed', 'goal', 'exited')),
            CONSTRAINT ck_journey_run_over_has_a_time
                CHECK ((state IN ('active', 'holdout', 'held')) = (ended_at IS NULL)),
            CONSTRAINT ck_journey_run_over_is_not_due CHECK (ended_at IS NULL OR next_due IS NULL)
        );
        -- Never twice at a time.
        CREATE UNIQUE INDEX uq_journey_run_open ON journey_run (member_id, journey_key) WHERE ended_at IS NULL;
        CREATE INDEX ix_journey_run_due ON journey_run (next_due) WHERE next_due IS NOT NULL;
        CREATE INDEX ix_journey_run_journey_key_state ON journey_run (journey_key, state, step_key);

        -- Every step taken: the trace. Nothing rewrites it; erasure empties it.
        CREATE TABLE journey_visit (
            member_id uuid NOT NULL,
            run_id uuid NOT NULL,
            visit integer NOT NULL,
            journey_key text NOT NULL,
            step_key text NOT NULL,
            kind text NOT NULL,
            outcome text NOT NULL,
            detail jsonb NOT NULL,
            source_id uuid,
            at timestamptz NOT NULL,
            CONSTRAINT pk_journey_visit PRIMARY KEY (member_id, run_id, visit)
        );
        CREATE INDEX ix_journey_visit_journey_key ON journey_visit (journey_key, step_key, outcome);
        REVOKE UPDATE ON journey_visit FROM fedele_app;

        -- Journeys that stand still.
        CREATE TABLE journey_pause (
            journey_key text NOT NULL,
            paused_at timestamptz NOT NULL,
            actor text NOT NULL,
            reason text NOT NULL,
            CONSTRAINT pk_journey_pause PRIMARY KEY (journey_key)
        );

        -- Whose last purchase lies in a certain week: silence is looked for by it.
        CREATE INDEX ix_purchase_occurred_at ON purchase (occurred_at);
        """
    )
