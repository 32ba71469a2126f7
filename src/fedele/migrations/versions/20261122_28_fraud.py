"""Fraud: velocity rules and the review queue."""

from fedele.migrations.sql import run_sql

revision = "20261122_28_fraud"
down_revision = "20261122_27_checkout"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- A suspicion about a member and what a person decided. Kept after erasure: it holds ids and counts only.
        CREATE TABLE fraud_case (
            member_id uuid NOT NULL,
            case_id uuid NOT NULL,
            rule text NOT NULL,
            subject text NOT NULL,
            state text NOT NULL,
            blocks boolean NOT NULL,
            evidence jsonb NOT NULL,
            source_id uuid NOT NULL,
            opened_at timestamptz NOT NULL,
            decided_at timestamptz,
            actor text,
            reason text,
            CONSTRAINT pk_fraud_case PRIMARY KEY (member_id, case_id),
            CONSTRAINT ck_fraud_case_state_known CHECK (state IN ('open', 'cleared', 'confirmed')),
            CONSTRAINT ck_fraud_case_decided_by_somebody
                CHECK ((state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (actor IS NULL))
        );
        -- One open case for one thing, however many sales repeat it; and the same sale tells nothing twice.
        CREATE UNIQUE INDEX uq_fraud_case_open ON fraud_case (member_id, rule, subject) WHERE state = 'open';
        CREATE UNIQUE INDEX uq_fraud_case_source ON fraud_case (member_id, rule, source_id);
        CREATE INDEX ix_fraud_case_state_case_id ON fraud_case (state, case_id);

        -- What rules by store or attribute count: of many members, so distributed by the subject. Trimmed by a job.
        CREATE TABLE fraud_sighting (
            subject text NOT NULL,
            purchase_id uuid NOT NULL,
            member_id uuid NOT NULL,
            occurred_at timestamptz NOT NULL,
            CONSTRAINT pk_fraud_sighting PRIMARY KEY (subject, purchase_id)
        );
        CREATE INDEX ix_fraud_sighting_subject_occurred_at ON fraud_sighting (subject, occurred_at);
        """
    )
