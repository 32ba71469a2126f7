"""Feed: what happened to the cards that were shown."""

from fedele.migrations.sql import run_sql

revision = "20261121_08_feed"
down_revision = "20261121_07_messaging"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- The id is the phone's, so that a batch sent twice is kept once. Emptied by erasure.
        CREATE TABLE feed_event (
            member_id uuid NOT NULL,
            event_id uuid NOT NULL,
            kind text NOT NULL,
            card_kind text NOT NULL,
            card_key text NOT NULL,
            slot integer NOT NULL,
            propensity double precision NOT NULL,
            epoch bigint NOT NULL,
            policy text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            CONSTRAINT pk_feed_event PRIMARY KEY (member_id, event_id)
        );
        CREATE INDEX ix_feed_event_dismissed ON feed_event (member_id, occurred_at) WHERE kind = 'dismissed';
        """
    )
