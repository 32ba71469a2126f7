"""Surveys: who is asked when, answers so far, edits."""

from fedele.migrations.sql import run_sql

revision = "20261122_31_surveys"
down_revision = "20261122_30_checkout"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- A survey that is, was or will be open to a member, or was not opened, and why. What reports count by (store,
        -- tier, segments) is noted as it was when the survey opened. Erasure empties it.
        CREATE TABLE survey_invitation (
            member_id uuid NOT NULL,
            survey_key text NOT NULL,
            occasion text NOT NULL,
            state text NOT NULL,
            reason text,
            due_at timestamptz NOT NULL,
            opens_at timestamptz NOT NULL,
            closes_at timestamptz,
            opened_at timestamptz,
            started_at timestamptz,
            answered_at timestamptz,
            store_id text,
            tier text,
            segments text[] NOT NULL DEFAULT '{}',
            CONSTRAINT pk_survey_invitation PRIMARY KEY (member_id, survey_key, occasion),
            CONSTRAINT ck_survey_invitation_state_known
                CHECK (state IN ('waiting', 'open', 'skipped', 'answered', 'expired')),
            CONSTRAINT ck_survey_invitation_skipped_for_a_reason CHECK ((state = 'skipped') = (reason IS NOT NULL)),
            CONSTRAINT ck_survey_invitation_answered_at_some_time
                CHECK ((state = 'answered') = (answered_at IS NOT NULL))
        );
        CREATE INDEX ix_survey_invitation_opens_at ON survey_invitation (opens_at) WHERE state = 'waiting';
        CREATE INDEX ix_survey_invitation_closes_at ON survey_invitation (closes_at) WHERE state = 'open';
        CREATE INDEX ix_survey_invitation_survey_key_opened_at ON survey_invitation (survey_key, opened_at);

        -- Answers so far. Personal: may hold a member's own words. Erasure empties it.
        CREATE TABLE survey_draft (
            member_id uuid NOT NULL,
            survey_key text NOT NULL,
            occasion text NOT NULL,
            answers jsonb NOT NULL,
            saved_at timestamptz NOT NULL,
            CONSTRAINT pk_survey_draft PRIMARY KEY (member_id, survey_key, occasion)
        );

        -- `facts`: the answers without what was said in words. Of earlier answers every text that is no choice's key is
        -- taken for words: conditions then read less, never something personal.
        ALTER TABLE survey_answer
            ADD COLUMN facts jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN edited_at timestamptz,
            ADD COLUMN edits integer NOT NULL DEFAULT 0,
            ADD COLUMN redemption_id uuid;
        CREATE INDEX ix_survey_answer_survey_key_answered_at ON survey_answer (survey_key, answered_at);
        UPDATE survey_answer AS a SET facts = coalesce((
            SELECT jsonb_object_agg(q.key, q.value) FROM jsonb_each(a.answers) AS q
             WHERE jsonb_typeof(q.value) IN ('number', 'array')), '{}');

        -- Who had answered was asked, at the latest then.
        INSERT INTO survey_invitation (member_id, survey_key, occasion, state, due_at, opens_at, opened_at, started_at,
                                       answered_at)
        SELECT member_id, survey_key, occasion, 'answered', answered_at, answered_at, answered_at, answered_at,
               answered_at
          FROM survey_answer;
        """
    )
