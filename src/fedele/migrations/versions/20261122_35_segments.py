"""Segments: facts, membership, RFM."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_35_segments"
down_revision = "20261122_34_journeys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- What conditions of segments read, one row a member. Made from the other rooms' rows; see segments.facts.
        -- Dates are local days of the programme's time zone. `stale_at`: when time alone changes the row.
        -- fillfactor: rows are updated in place (HOT), and only columns without an index change with every sale.
        CREATE TABLE member_facts (
            member_id uuid NOT NULL,
            version bigint NOT NULL,
            as_of timestamptz NOT NULL,
            stale_at timestamptz,
            active boolean NOT NULL,
            joined_at timestamptz NOT NULL,
            joined_day date NOT NULL,
            first_purchase_at timestamptz,
            last_purchase_day date,
            last_visit_day date,
            last_redemption_day date,
            purchases_count bigint NOT NULL,
            purchases_30 bigint NOT NULL,
            purchases_90 bigint NOT NULL,
            purchases_365 bigint NOT NULL,
            spend_30 bigint NOT NULL,
            spend_90 bigint NOT NULL,
            spend_365 bigint NOT NULL,
            redemptions_365 bigint NOT NULL,
            usual_gap_days float8,
            birthday_month smallint,
            birthday_day smallint,
            tier text NOT NULL,
            locale text,
            country text,
            time_zone text,
            home_store text,
            memberships text[] NOT NULL,
            badges text[] NOT NULL,
            categories text[] NOT NULL,
            departments text[] NOT NULL,
            stores text[] NOT NULL,
            channels text[] NOT NULL,
            consents text[] NOT NULL,
            segments text[] NOT NULL DEFAULT '{}',
            balances jsonb NOT NULL,
            events jsonb NOT NULL,
            attributes jsonb NOT NULL,
            answers jsonb NOT NULL,
            CONSTRAINT pk_member_facts PRIMARY KEY (member_id)
        ) WITH (fillfactor = 85);
        CREATE INDEX ix_member_facts_stale_at ON member_facts (stale_at) WHERE stale_at IS NOT NULL;
        CREATE INDEX ix_member_facts_birthday_month_birthday_day ON member_facts (birthday_month, birthday_day)
            WHERE birthday_month IS NOT NULL;

        -- Who is or was in which segment: the last stint, and what was announced of it.
        CREATE TABLE segment_member (
            member_id uuid NOT NULL,
            segment_key text NOT NULL,
            entered_at timestamptz NOT NULL,
            left_at timestamptz,
            entries_count bigint NOT NULL,
            entry_announced_at timestamptz,
            exit_announced_at timestamptz,
            CONSTRAINT pk_segment_member PRIMARY KEY (member_id, segment_key),
            CONSTRAINT ck_segment_member_entries_positive CHECK (entries_count > 0),
            CONSTRAINT ck_segment_member_left_after_entry CHECK (left_at >= entered_at)
        );
        CREATE INDEX ix_segment_member_inside ON segment_member (segment_key, member_id) WHERE left_at IS NULL;

        -- When a segment was last looked at as a whole, under which definition, and how big it then was.
        CREATE TABLE segment_refresh (
            segment_key text NOT NULL,
            definition text NOT NULL,
            refreshed_at timestamptz NOT NULL,
            members_count bigint NOT NULL,
            compiled boolean NOT NULL,
            milliseconds bigint NOT NULL,
            CONSTRAINT pk_segment_refresh PRIMARY KEY (segment_key)
        );

        -- The cut points of recency, frequency and monetary value: those of the newest date are in force. Append-only.
        CREATE TABLE rfm_cut (
            measured_at timestamptz NOT NULL,
            recency_days bigint[] NOT NULL,
            frequency bigint[] NOT NULL,
            monetary_minor bigint[] NOT NULL,
            members_count bigint NOT NULL,
            CONSTRAINT pk_rfm_cut PRIMARY KEY (measured_at)
        );
        REVOKE UPDATE, DELETE ON rfm_cut FROM fedele_app;
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON rfm_cut
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_v1();
        """
    )
    run_sql_file("cel_v1")
    run_sql_file("segment_move_v1")
