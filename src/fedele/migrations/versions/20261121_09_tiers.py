"""Tiers: qualifying counters by day, the standing, and its history."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261121_09_tiers"
down_revision = "20261121_08_feed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- By programme day, so that any window (rolling, calendar, anniversary) is a sum over a short range.
        CREATE TABLE tier_counter (
            member_id uuid NOT NULL,
            counter text NOT NULL,
            day date NOT NULL,
            amount bigint NOT NULL,
            CONSTRAINT pk_tier_counter PRIMARY KEY (member_id, counter, day)
        );

        CREATE TABLE tier_standing (
            member_id uuid NOT NULL,
            tier_key text,
            since timestamptz NOT NULL,
            kept_until timestamptz,
            CONSTRAINT pk_tier_standing PRIMARY KEY (member_id)
        );
        -- The worker looks for standings whose protection has ended.
        CREATE INDEX ix_tier_standing_kept_until ON tier_standing (kept_until) WHERE kept_until IS NOT NULL;

        -- The history answers "which tier had she when she bought it", for sales that reach us late.
        CREATE TABLE tier_change (
            member_id uuid NOT NULL,
            change_id uuid NOT NULL,
            from_tier text,
            to_tier text,
            reason text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            kept_until timestamptz,
            programme_version integer NOT NULL,
            CONSTRAINT pk_tier_change PRIMARY KEY (member_id, change_id)
        );
        CREATE INDEX ix_tier_change_member_id_occurred_at ON tier_change (member_id, occurred_at);
        REVOKE UPDATE, DELETE ON tier_change FROM fedele_app;
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON tier_change
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        """
    )
    run_sql_file("tier_stand_v1")
