"""Memberships: paid plans, their terms and payments."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_21_memberships"
down_revision = "20261122_20_tiers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- One row for each membership a member has or had. `covered_until` and `renew_at` say what the clock must do.
        CREATE TABLE membership (
            member_id uuid NOT NULL,
            membership_key text NOT NULL,
            plan_key text NOT NULL,
            next_plan_key text,              -- another plan from the next term on
            state text NOT NULL,
            auto_renew boolean NOT NULL,
            joined_at timestamptz NOT NULL,
            cancelled_at timestamptz,
            renew_at timestamptz,            -- when the next term is to be charged; NULL: it is not, or was
            covered_until timestamptz,       -- when benefits end; NULL: never (lifetime), or not begun
            trial_used boolean NOT NULL,     -- a trial is once a member, also after leaving and coming back
            CONSTRAINT pk_membership PRIMARY KEY (member_id, membership_key),
            CONSTRAINT ck_membership_state CHECK (state IN ('requested', 'active', 'lapsed', 'cancelled'))
        );
        CREATE INDEX ix_membership_renew_at ON membership (renew_at) WHERE renew_at IS NOT NULL;
        CREATE INDEX ix_membership_covered_until ON membership (covered_until)
            WHERE state = 'active' AND covered_until IS NOT NULL;

        -- A stretch that was free, or paid for until `ends_at`; benefits last until `covered_until`.
        CREATE TABLE membership_term (
            member_id uuid NOT NULL,
            term_id uuid NOT NULL,
            membership_key text NOT NULL,
            plan_key text NOT NULL,
            kind text NOT NULL,
            state text NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz,
            covered_until timestamptz,
            price_minor bigint NOT NULL,
            currency text NOT NULL,
            refunded_minor bigint NOT NULL DEFAULT 0,
            used_at timestamptz,
            programme_version integer NOT NULL,
            CONSTRAINT pk_membership_term PRIMARY KEY (member_id, term_id),
            CONSTRAINT ck_membership_term_kind CHECK (kind IN ('trial', 'paid', 'lifetime')),
            CONSTRAINT ck_membership_term_state CHECK (state IN ('requested', 'running', 'failed', 'refunded')),
            CONSTRAINT ck_membership_term_refunded_minor CHECK (refunded_minor BETWEEN 0 AND price_minor)
        );

        -- Money asked for or given back. The provider is asked outside every transaction, with payment_id as its key.
        CREATE TABLE membership_payment (
            member_id uuid NOT NULL,
            payment_id uuid NOT NULL,
            term_id uuid NOT NULL,
            kind text NOT NULL,
            state text NOT NULL,
            amount_minor bigint NOT NULL,
            currency text NOT NULL,
            attempts_count integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz,     -- when to ask again; NULL: it is decided
            requested_at timestamptz NOT NULL,
            finished_at timestamptz,
            reference text,                  -- the provider's own word for the money that moved
            problem text,                    -- the provider's code for a refusal
            CONSTRAINT pk_membership_payment PRIMARY KEY (member_id, payment_id),
            CONSTRAINT fk_membership_payment_term FOREIGN KEY (member_id, term_id)
                REFERENCES membership_term (member_id, term_id),
            CONSTRAINT ck_membership_payment_kind CHECK (kind IN ('charge', 'refund')),
            CONSTRAINT ck_membership_payment_state CHECK (state IN ('requested', 'succeeded', 'declined')),
            CONSTRAINT ck_membership_payment_amount_minor CHECK (amount_minor > 0)
        );
        CREATE INDEX ix_membership_payment_next_attempt_at ON membership_payment (next_attempt_at)
            WHERE next_attempt_at IS NOT NULL;

        -- The provider's word for the member's card on file; deleted with the member.
        CREATE TABLE membership_method (
            member_id uuid NOT NULL,
            membership_key text NOT NULL,
            method text NOT NULL,
            CONSTRAINT pk_membership_method PRIMARY KEY (member_id, membership_key)
        );
        """
    )
    run_sql_file("memberships_at_v1")
