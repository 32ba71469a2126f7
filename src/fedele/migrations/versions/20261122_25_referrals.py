"""Referrals: codes, the friend's and the referrer's side of each, what was checked, and marks to compare."""

from fedele.migrations.sql import run_sql

revision = "20261122_25_referrals"
down_revision = "20261122_24_challenges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- The member's own code. Deleted by erasure, and with it the row by which it is looked up.
        CREATE TABLE referral_code (
            member_id uuid NOT NULL,
            code text NOT NULL,
            issued_at timestamptz NOT NULL,
            CONSTRAINT pk_referral_code PRIMARY KEY (member_id)
        );

        -- Whose code it is: keyed and distributed by the code.
        CREATE TABLE referral_code_owner (
            code text NOT NULL,
            member_id uuid NOT NULL,
            CONSTRAINT pk_referral_code_owner PRIMARY KEY (code)
        );

        -- The friend's side: one referral a friend, whatever codes they try. Holds ids only.
        CREATE TABLE referral (
            member_id uuid NOT NULL,
            referral_id uuid NOT NULL,
            referrer_id uuid NOT NULL,
            state text NOT NULL,
            reason text,
            applied_at timestamptz NOT NULL,
            expires_at timestamptz,
            purchase_id uuid,
            due_at timestamptz,
            settled_at timestamptz,
            ended_at timestamptz,
            currency text,
            units bigint NOT NULL,
            transaction_id uuid,
            redemption_id uuid,
            CONSTRAINT pk_referral PRIMARY KEY (member_id),
            CONSTRAINT ck_referral_state_known CHECK (state IN
                ('applied', 'held', 'open', 'settled', 'refused', 'revoked', 'expired')),
            CONSTRAINT ck_referral_not_oneself CHECK (member_id <> referrer_id)
        );
        CREATE INDEX ix_referral_due_at ON referral (due_at) WHERE state = 'open' AND due_at IS NOT NULL;
        CREATE INDEX ix_referral_expires_at ON referral (expires_at)
            WHERE state IN ('open', 'held') AND expires_at IS NOT NULL;
        CREATE INDEX ix_referral_state_applied_at ON referral (state, applied_at);

        -- The referrer's side: what caps count, and what was paid for the friend.
        CREATE TABLE referral_brought (
            member_id uuid NOT NULL,
            referral_id uuid NOT NULL,
            friend_id uuid NOT NULL,
            state text NOT NULL,
            reason text,
            admitted_at timestamptz NOT NULL,
            ended_at timestamptz,
            currency text,
            units bigint NOT NULL,
            transaction_id uuid,
            redemption_id uuid,
            CONSTRAINT pk_referral_brought PRIMARY KEY (member_id, referral_id),
            CONSTRAINT ck_referral_brought_state_known CHECK (state IN
                ('open', 'held', 'paid', 'unpaid', 'refused', 'revoked', 'expired'))
        );
        CREATE INDEX ix_referral_brought_member_id_admitted_at ON referral_brought (member_id, admitted_at);

        -- Every decision about a code that was applied, with its reason. Append-only; names nobody.
        CREATE TABLE referral_check (
            member_id uuid NOT NULL,
            check_id uuid NOT NULL,
            referral_id uuid,
            outcome text NOT NULL,
            reason text NOT NULL,
            actor text NOT NULL,
            decided_at timestamptz NOT NULL,
            CONSTRAINT pk_referral_check PRIMARY KEY (member_id, check_id),
            CONSTRAINT ck_referral_check_outcome_known CHECK (outcome IN
                ('admitted', 'held', 'refused', 'approved', 'rejected'))
        );
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON referral_check
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON referral_check FROM fedele_app;

        -- Keyed digests of mailboxes, phone numbers, devices and cards, to compare members by. Deleted by erasure.
        CREATE TABLE referral_mark (
            member_id uuid NOT NULL,
            kind text NOT NULL,
            digest bytea NOT NULL,
            seen_at timestamptz NOT NULL,
            CONSTRAINT pk_referral_mark PRIMARY KEY (member_id, kind, digest),
            CONSTRAINT ck_referral_mark_kind_known CHECK (kind IN ('email_alias', 'phone', 'device', 'card'))
        );
        CREATE INDEX ix_referral_mark_kind_digest ON referral_mark (kind, digest);
        """
    )
