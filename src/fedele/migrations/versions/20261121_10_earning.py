"""Earning: awards with the lines they came from, the trace of every rule, the use of capped rules."""

from fedele.migrations.sql import run_sql

revision = "20261121_10_earning"
down_revision = "20261121_09_tiers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- What a rule gave. line_numbers and line_units are parallel and sum to units (empty for an event): a return
        -- takes back by line and never evaluates a rule again.
        CREATE TABLE award (
            member_id uuid NOT NULL,
            award_id uuid NOT NULL,
            source_kind text NOT NULL,
            source_id uuid NOT NULL,
            rule_key text NOT NULL,
            currency text NOT NULL,
            units bigint NOT NULL,
            clawed_back_units bigint NOT NULL DEFAULT 0,
            line_numbers integer[] NOT NULL,
            line_units bigint[] NOT NULL,
            usage_periods text[] NOT NULL,
            ledger_transaction_id uuid,
            programme_version integer NOT NULL,
            occurred_at timestamptz NOT NULL,
            CONSTRAINT pk_award PRIMARY KEY (member_id, award_id),
            CONSTRAINT ck_award_units_positive CHECK (units > 0),
            CONSTRAINT ck_award_source_kind_known CHECK (source_kind IN ('purchase', 'event')),
            -- A refund is never counted twice.
            CONSTRAINT ck_award_clawed_back_within_units CHECK (clawed_back_units BETWEEN 0 AND units)
        );
        CREATE INDEX ix_award_member_id_source_id ON award (member_id, source_id);
        CREATE INDEX ix_award_member_id_ledger_transaction_id ON award (member_id, ledger_transaction_id);
        REVOKE UPDATE, DELETE ON award FROM fedele_app;
        GRANT UPDATE (clawed_back_units) ON award TO fedele_app;

        -- Every rule tried, with its outcome and the values that decided it.
        CREATE TABLE evaluation (
            member_id uuid NOT NULL,
            source_id uuid NOT NULL,
            source_kind text NOT NULL,
            programme_version integer NOT NULL,
            trace jsonb NOT NULL,
            CONSTRAINT pk_evaluation PRIMARY KEY (member_id, source_id)
        );
        REVOKE UPDATE, DELETE ON evaluation FROM fedele_app;
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON evaluation
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();

        -- Net of returns: what was taken back makes room in the cap again.
        CREATE TABLE rule_usage (
            member_id uuid NOT NULL,
            rule_key text NOT NULL,
            period text NOT NULL,
            units bigint NOT NULL,
            times integer NOT NULL,
            last_at timestamptz NOT NULL,
            CONSTRAINT pk_rule_usage PRIMARY KEY (member_id, rule_key, period)
        );
        """
    )
