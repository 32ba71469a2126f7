"""Rewards: reservations, deliveries, draws, uses at the till; automatic rewards."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_23_rewards"
down_revision = "20261122_22_closing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- A reward that is only given has no price, and so no currency. `source` says who gave it; 'member': redeemed.
        -- `stocked`: it took one from the shelf, and giving it back puts one there.
        -- `terms`: the reward as the programme had it then; a later version changes nothing that a member holds.
        -- `fulfilment`: of what is sent; 'ordered' is still held, 'sent' is used.
        ALTER TABLE redemption
            ALTER COLUMN currency DROP NOT NULL,
            ADD COLUMN source text NOT NULL DEFAULT 'member',
            ADD COLUMN stocked boolean NOT NULL DEFAULT false,
            ADD COLUMN purchase_id uuid,
            ADD COLUMN fulfilment text,
            ADD COLUMN tracking text,
            ADD COLUMN ended_because text,
            ADD COLUMN terms jsonb NOT NULL DEFAULT '{}',
            ADD CONSTRAINT ck_redemption_price_has_a_currency CHECK (units = 0 OR currency IS NOT NULL),
            ADD CONSTRAINT ck_redemption_fulfilment_known CHECK (fulfilment IN ('ordered', 'sent')),
            ADD CONSTRAINT ck_redemption_purchase_used_it CHECK (purchase_id IS NULL OR status = 'used');
        -- Whoever has the code in hand asks for what it is: the service desk, the till.
        CREATE INDEX ix_redemption_code ON redemption (code);

        -- What is waiting to be sent, by age.
        CREATE INDEX ix_redemption_ordered ON redemption (redeemed_at) WHERE fulfilment = 'ordered';

        -- Where a gift is sent. Personal data, in a table of its own that erasure empties.
        CREATE TABLE redemption_delivery (
            member_id uuid NOT NULL,
            redemption_id uuid NOT NULL,
            recipient text NOT NULL,
            address jsonb NOT NULL,
            CONSTRAINT pk_redemption_delivery PRIMARY KEY (member_id, redemption_id),
            CONSTRAINT fk_redemption_delivery_member_id_redemption FOREIGN KEY (member_id, redemption_id)
                REFERENCES redemption (member_id, redemption_id)
        );

        -- What a held reward took off which line of which purchase. A reward that was given back may be used again.
        CREATE TABLE redemption_discount (
            member_id uuid NOT NULL,
            redemption_id uuid NOT NULL,
            purchase_id uuid NOT NULL,
            line_number integer NOT NULL,
            discount_minor bigint NOT NULL,
            CONSTRAINT pk_redemption_discount PRIMARY KEY (member_id, redemption_id, purchase_id, line_number),
            CONSTRAINT fk_redemption_discount_member_id_redemption FOREIGN KEY (member_id, redemption_id)
                REFERENCES redemption (member_id, redemption_id),
            CONSTRAINT ck_redemption_discount_discount_positive CHECK (discount_minor > 0)
        );
        CREATE INDEX ix_redemption_discount_member_id_purchase_id ON redemption_discount (member_id, purchase_id);
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON redemption_discount
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON redemption_discount FROM fedele_app;

        -- `added`: what staff put on the shelf beyond the programme's figure (may be below zero).
        ALTER TABLE reward_stock ADD COLUMN added bigint NOT NULL DEFAULT 0;
        CREATE TABLE reward_stock_change (
            reward_key text NOT NULL,
            change_id uuid NOT NULL,
            units bigint NOT NULL,
            reason text NOT NULL,
            actor text NOT NULL,
            recorded_at timestamptz NOT NULL,
            CONSTRAINT pk_reward_stock_change PRIMARY KEY (reward_key, change_id)
        );
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON reward_stock_change
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON reward_stock_change FROM fedele_app;

        -- One of the shelf, promised to a redemption that is being paid. Confirmed and released by deleting the row:
        -- whoever deletes it decides. A process that died is cleaned up after `reserved_until`.
        CREATE TABLE reward_reservation (
            reward_key text NOT NULL,
            reservation_id uuid NOT NULL,
            stocked boolean NOT NULL,
            code text,
            reserved_until timestamptz NOT NULL,
            CONSTRAINT pk_reward_reservation PRIMARY KEY (reward_key, reservation_id)
        );
        CREATE INDEX ix_reward_reservation_reserved_until ON reward_reservation (reserved_until);

        -- Numbers of entries come from the row's lock, so that they have no gap and no double.
        CREATE TABLE sweepstake (
            reward_key text NOT NULL,
            entries_count bigint NOT NULL,
            CONSTRAINT pk_sweepstake PRIMARY KEY (reward_key),
            CONSTRAINT ck_sweepstake_entries_counted CHECK (entries_count >= 0)
        );
        CREATE TABLE sweepstake_entry (
            member_id uuid NOT NULL,
            redemption_id uuid NOT NULL,
            reward_key text NOT NULL,
            number bigint NOT NULL,
            entered_at timestamptz NOT NULL,
            withdrawn_at timestamptz,
            won_place integer,
            CONSTRAINT pk_sweepstake_entry PRIMARY KEY (member_id, redemption_id),
            CONSTRAINT ck_sweepstake_entry_number_positive CHECK (number > 0)
        );
        CREATE INDEX ix_sweepstake_entry_reward_key_number ON sweepstake_entry (reward_key, number);
        CREATE TABLE sweepstake_draw (
            reward_key text NOT NULL,
            seed text NOT NULL,
            entries_count bigint NOT NULL,
            winners jsonb NOT NULL,
            actor text NOT NULL,
            drawn_at timestamptz NOT NULL,
            CONSTRAINT pk_sweepstake_draw PRIMARY KEY (reward_key)
        );
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON sweepstake_draw
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
        REVOKE UPDATE, DELETE ON sweepstake_draw FROM fedele_app;

        -- What the member chose where an automatic reward has modes.
        CREATE TABLE auto_reward_choice (
            member_id uuid NOT NULL,
            auto_reward_key text NOT NULL,
            mode text NOT NULL,
            chosen_at timestamptz NOT NULL,
            CONSTRAINT pk_auto_reward_choice PRIMARY KEY (member_id, auto_reward_key)
        );

        -- Which units became which reward. `window_key`: the last day of the window it counts in.
        CREATE TABLE auto_reward_issue (
            member_id uuid NOT NULL,
            redemption_id uuid NOT NULL,
            auto_reward_key text NOT NULL,
            mode text NOT NULL,
            window_key date,
            currency text NOT NULL,
            units bigint NOT NULL,
            transaction_id uuid NOT NULL,
            issued_at timestamptz NOT NULL,
            issued_on date NOT NULL,
            revoked_at timestamptz,
            CONSTRAINT pk_auto_reward_issue PRIMARY KEY (member_id, redemption_id),
            CONSTRAINT fk_auto_reward_issue_member_id_redemption FOREIGN KEY (member_id, redemption_id)
                REFERENCES redemption (member_id, redemption_id),
            CONSTRAINT ck_auto_reward_issue_units_positive CHECK (units > 0)
        );
        CREATE INDEX ix_auto_reward_issue_member_id_auto_reward_key
            ON auto_reward_issue (member_id, auto_reward_key, issued_at);
        """
    )
    run_sql_file("redemption_use_v1")
    run_sql_file("redemption_reopen_v1")
