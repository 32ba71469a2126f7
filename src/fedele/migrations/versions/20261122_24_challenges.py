"""Challenges: what counts for goals and streaks, what was given for it, badges, and the draws of surprises."""

from fedele.migrations.sql import run_sql

revision = "20261122_24_challenges"
down_revision = "20261122_23_rewards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- Who joined an opt-in challenge or streak, and when. Emptied by erasure.
        CREATE TABLE challenge_joining (
            member_id uuid NOT NULL,
            kind text NOT NULL,
            challenge_key text NOT NULL,
            joined_at timestamptz NOT NULL,
            CONSTRAINT pk_challenge_joining PRIMARY KEY (member_id, kind, challenge_key),
            CONSTRAINT ck_challenge_joining_kind_known CHECK (kind IN ('challenge', 'streak'))
        );

        -- What one purchase or event counts for. `counted` was decided once, under the version of its time; `amount`
        -- and `counted_values` are what returns have left of it. All progress is a sum over these rows.
        CREATE TABLE challenge_contribution (
            member_id uuid NOT NULL,
            kind text NOT NULL,
            challenge_key text NOT NULL,
            source_id uuid NOT NULL,
            source_kind text NOT NULL,
            period text NOT NULL,
            occurred_at timestamptz NOT NULL,
            counted jsonb NOT NULL,
            amount bigint NOT NULL,
            counted_values text[] NOT NULL,
            programme_version integer NOT NULL,
            CONSTRAINT pk_challenge_contribution PRIMARY KEY (member_id, kind, challenge_key, source_id),
            CONSTRAINT ck_challenge_contribution_kind_known CHECK (kind IN ('challenge', 'streak')),
            CONSTRAINT ck_challenge_contribution_source_known CHECK (source_kind IN ('purchase', 'event')),
            CONSTRAINT ck_challenge_contribution_amount_not_negative CHECK (amount >= 0)
        );
        -- A return asks by its purchase.
        CREATE INDEX ix_challenge_contribution_member_id_source_id ON challenge_contribution (member_id, source_id);

        -- What was given, once for each time that a step was reached. It names nobody and survives erasure: the ledger
        -- and the figures refer to it. `needed` is the progress it was given for.
        CREATE TABLE challenge_award (
            member_id uuid NOT NULL,
            award_id uuid NOT NULL,
            kind text NOT NULL,
            challenge_key text NOT NULL,
            period text NOT NULL,
            step text NOT NULL,
            nth integer NOT NULL,
            needed bigint NOT NULL,
            state text NOT NULL,
            attempt integer NOT NULL,
            currency text,
            units bigint NOT NULL,
            transaction_id uuid,
            redemption_id uuid,
            badge_key text,
            source_id uuid NOT NULL,
            programme_version integer NOT NULL,
            given_at timestamptz NOT NULL,
            revoked_at timestamptz,
            CONSTRAINT pk_challenge_award PRIMARY KEY (member_id, award_id),
            CONSTRAINT uq_challenge_award_member_id_kind UNIQUE (member_id, kind, challenge_key, period, step, nth),
            CONSTRAINT ck_challenge_award_kind_known CHECK (kind IN ('challenge', 'streak', 'surprise')),
            CONSTRAINT ck_challenge_award_state_known CHECK (state IN ('given', 'revoked')),
            CONSTRAINT ck_challenge_award_revoked_has_a_time CHECK ((state = 'revoked') = (revoked_at IS NOT NULL))
        );
        CREATE INDEX ix_challenge_award_kind_challenge_key ON challenge_award (kind, challenge_key);

        -- Badges in hand. Emptied by erasure.
        CREATE TABLE member_badge (
            member_id uuid NOT NULL,
            badge_key text NOT NULL,
            earned_at timestamptz NOT NULL,
            source_kind text NOT NULL,
            source_key text NOT NULL,
            CONSTRAINT pk_member_badge PRIMARY KEY (member_id, badge_key)
        );

        -- Every draw that was made, won or lost: enough to make it again. Names nobody.
        CREATE TABLE surprise_draw (
            member_id uuid NOT NULL,
            surprise_key text NOT NULL,
            source_id uuid NOT NULL,
            drawn bigint NOT NULL,
            threshold bigint NOT NULL,
            outcome text NOT NULL,
            occurred_at timestamptz NOT NULL,
            decided_at timestamptz NOT NULL,
            programme_version integer NOT NULL,
            CONSTRAINT pk_surprise_draw PRIMARY KEY (member_id, surprise_key, source_id),
            CONSTRAINT ck_surprise_draw_outcome_known CHECK (outcome IN ('won', 'lost', 'budget', 'member_limit'))
        );
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON surprise_draw
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON surprise_draw FROM fedele_app;

        -- The day's budget of a surprise: what several members reach for cannot be one member's.
        CREATE TABLE surprise_day (
            surprise_key text NOT NULL,
            day date NOT NULL,
            given bigint NOT NULL,
            CONSTRAINT pk_surprise_day PRIMARY KEY (surprise_key, day),
            CONSTRAINT ck_surprise_day_given_not_negative CHECK (given >= 0)
        );
        """
    )
