"""Wallet: the cards that members save to Google Wallet, and Google's word on who did."""

from fedele.migrations.sql import run_sql

revision = "20261122_38_wallet"
down_revision = "20261122_37_feed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- The loyalty object that stands for a card at Google, from the first tap on its save link.
        CREATE TABLE google_card (
            member_id uuid NOT NULL,
            serial text NOT NULL,
            written_tag bigint NOT NULL DEFAULT 0,   -- the pass's update_tag that Google has; 0: none yet
            next_try_at timestamptz,                 -- when to write again; NULL: Google has what there is
            attempts integer NOT NULL DEFAULT 0,     -- in a row that failed
            problem text,                            -- what Google said of the last one
            notified_on date,                        -- the last day (UTC) a change was announced, and how often
            notified_count integer NOT NULL DEFAULT 0,
            saved_at timestamptz,                    -- Google's own word, by its callbacks
            removed_at timestamptz,
            CONSTRAINT pk_google_card PRIMARY KEY (member_id, serial),
            CONSTRAINT fk_google_card_member_id_serial FOREIGN KEY (member_id, serial)
                REFERENCES pass (member_id, serial) ON DELETE CASCADE,
            CONSTRAINT ck_google_card_counts CHECK (written_tag >= 0 AND attempts >= 0 AND notified_count >= 0)
        );
        CREATE INDEX ix_google_card_next_try_at ON google_card (next_try_at) WHERE next_try_at IS NOT NULL;
        -- Callbacks that were heard: Google sends them again until they are answered.
        CREATE TABLE google_callback (
            member_id uuid NOT NULL,
            nonce text NOT NULL,
            heard_at timestamptz NOT NULL,
            CONSTRAINT pk_google_callback PRIMARY KEY (member_id, nonce)
        );
        GRANT SELECT, INSERT, UPDATE, DELETE ON google_card, google_callback TO fedele_app;
        """
    )
