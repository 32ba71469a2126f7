"""Feed and recommendations: what members like, which policies rank, and what was shown with which chances."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_37_feed"
down_revision = "20261122_36_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- What a member buys: recomputed from their purchases, so it can always be thrown away. `slow` and `fast` are
        -- sums of purchases halved every 112 and 28 days, as of last_at. Emptied by erasure and by a reset.
        CREATE TABLE product_affinity (
            member_id uuid NOT NULL,
            sku text NOT NULL,
            name text NOT NULL,
            category text,
            department text,
            brand text,
            times integer NOT NULL,
            slow double precision NOT NULL,
            fast double precision NOT NULL,
            first_at timestamptz NOT NULL,
            last_at timestamptz NOT NULL,
            CONSTRAINT pk_product_affinity PRIMARY KEY (member_id, sku)
        );
        CREATE INDEX ix_product_affinity_last_at ON product_affinity (last_at);

        -- Whether that is up to date, and since when the member lets us remember (a reset forgets what was before).
        CREATE TABLE taste (
            member_id uuid NOT NULL,
            remember_from timestamptz,
            learned_at timestamptz,
            due_since timestamptz,
            CONSTRAINT pk_taste PRIMARY KEY (member_id)
        );
        CREATE INDEX ix_taste_due_since ON taste (due_since) WHERE due_since IS NOT NULL;
        INSERT INTO taste (member_id, due_since) SELECT DISTINCT member_id, now() FROM purchase;

        -- What sells now, and what is bought by the same members: counted by a job, replicated.
        CREATE TABLE product_popularity (
            sku text NOT NULL,
            name text NOT NULL,
            category text,
            department text,
            brand text,
            buyers_count integer NOT NULL,
            counted_at timestamptz NOT NULL,
            CONSTRAINT pk_product_popularity PRIMARY KEY (sku)
        );
        CREATE TABLE product_neighbour (
            sku text NOT NULL,
            neighbour text NOT NULL,
            similarity real NOT NULL,
            CONSTRAINT pk_product_neighbour PRIMARY KEY (sku, neighbour)
        );

        -- Policies that were fitted, and which of them ranked from when. Both only grow.
        CREATE TABLE feed_policy (
            policy text NOT NULL,
            factors jsonb NOT NULL,
            temperature double precision NOT NULL,
            fitted_at timestamptz NOT NULL,
            seen_count bigint NOT NULL,
            tapped_count bigint NOT NULL,
            CONSTRAINT pk_feed_policy PRIMARY KEY (policy)
        );
        CREATE TABLE feed_promotion (
            promotion_id uuid NOT NULL,
            policy text NOT NULL,
            promoted_at timestamptz NOT NULL,
            actor text NOT NULL,
            figures jsonb NOT NULL,
            CONSTRAINT pk_feed_promotion PRIMARY KEY (promotion_id)
        );
        CREATE INDEX ix_feed_promotion_promoted_at ON feed_promotion (promoted_at);
        REVOKE UPDATE, DELETE ON feed_policy, feed_promotion FROM fedele_app;
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON feed_policy
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON feed_promotion
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();

        -- One card of one feed is seen once, tapped once …, however often and by how many phones it is told.
        ALTER TABLE feed_event
            ADD COLUMN shown_id uuid,
            ADD COLUMN placement text NOT NULL DEFAULT 'home',
            ADD COLUMN features jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN choice bytea;
        UPDATE feed_event SET shown_id = event_id;
        ALTER TABLE feed_event ALTER COLUMN shown_id SET NOT NULL;
        CREATE UNIQUE INDEX uq_feed_event_shown ON feed_event (member_id, shown_id, kind);
        CREATE INDEX ix_feed_event_member_id_occurred_at ON feed_event (member_id, occurred_at)
            INCLUDE (kind, card_kind, card_key);
        CREATE INDEX ix_feed_event_recorded_at ON feed_event (recorded_at);
        DROP INDEX ix_feed_event_dismissed;
        """
    )
    run_sql_file("product_affinity_v1")
