"""Checkout and till: codes that rotate, PINs, second facts, value put aside, and what devices sold while alone."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_27_checkout"
down_revision = "20261122_26_programme"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- The secret of rotating codes is derived from their handle under the deployment's peppers, not stored. None
        -- was ever shown before this migration, so the handles issued until now can go.
        DELETE FROM card_code WHERE kind = 'rotating';
        ALTER TABLE card_code DROP CONSTRAINT ck_card_code_secret_of_rotating;
        ALTER TABLE card_code DROP COLUMN secret;
        ALTER TABLE card_code ADD COLUMN revoked_because text;
        ALTER TABLE card_code ADD CONSTRAINT ck_card_code_revocation_known
            CHECK (revoked_because IN ('lost', 'stolen', 'copied', 'replaced', 'erased'));
        -- Everybody who has a card gets a handle: 12 letters of 5 random bits each. Bytes 6 and 8 of a UUID are not all
        -- random. The sub-select names the row, so that each row draws for itself.
        INSERT INTO card_code (digest, member_id, kind, code, issued_at)
        SELECT sha256(convert_to(h.handle, 'UTF8')), h.member_id, 'rotating', h.handle, h.issued_at
          FROM (SELECT c.member_id, c.issued_at, (
                    SELECT string_agg(
                               substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + (get_byte(r.bytes, i) & 31), 1), '')
                      FROM unnest(ARRAY[0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13]) AS i) AS handle
                  FROM card_code c, LATERAL (SELECT uuid_send(gen_random_uuid()) AS bytes
                                              WHERE c.member_id IS NOT NULL OFFSET 0) AS r
                 WHERE c.kind = 'static' AND c.revoked_at IS NULL) AS h;

        -- A rotating code that let value be spent: never again within its window.
        CREATE TABLE rotating_code_use (
            member_id uuid NOT NULL,
            digest bytea NOT NULL,
            step bigint NOT NULL,
            used_at timestamptz NOT NULL,
            CONSTRAINT pk_rotating_code_use PRIMARY KEY (member_id, digest, step),
            CONSTRAINT fk_rotating_code_use_member_id FOREIGN KEY (member_id) REFERENCES member (member_id)
        );
        CREATE INDEX ix_rotating_code_use_used_at ON rotating_code_use (used_at);

        CREATE TABLE member_pin (
            member_id uuid NOT NULL,
            hash text NOT NULL,
            failures integer NOT NULL DEFAULT 0,
            locked_until timestamptz,
            set_at timestamptz NOT NULL,
            CONSTRAINT pk_member_pin PRIMARY KEY (member_id),
            CONSTRAINT fk_member_pin_member_id FOREIGN KEY (member_id) REFERENCES member (member_id),
            CONSTRAINT ck_member_pin_failures_counted CHECK (failures >= 0)
        );

        -- Why value could be spent. A cashier's words may be personal: erasure empties this table of the member.
        CREATE TABLE spend_authorisation (
            member_id uuid NOT NULL,
            authorisation_id uuid NOT NULL,
            fact text NOT NULL,
            source_kind text NOT NULL,
            source_id uuid NOT NULL,
            store_id text NOT NULL,
            reason text,
            authorised_at timestamptz NOT NULL,
            CONSTRAINT pk_spend_authorisation PRIMARY KEY (member_id, authorisation_id),
            CONSTRAINT fk_spend_authorisation_member_id FOREIGN KEY (member_id) REFERENCES member (member_id),
            CONSTRAINT ck_spend_authorisation_fact_known CHECK (fact IN ('rotating_code', 'pin', 'staff_confirmation')),
            CONSTRAINT ck_spend_authorisation_source_known CHECK (source_kind IN ('purchase', 'hold')),
            CONSTRAINT ck_spend_authorisation_reason_of_staff CHECK (fact <> 'staff_confirmation' OR reason IS NOT NULL)
        );

        -- Value put aside for a basket. `units`: [{currency, units, transaction_id}] of the ledger's holds; `rewards`:
        -- [{redemption_id, reward_key, redeemed}].
        CREATE TABLE till_hold (
            member_id uuid NOT NULL,
            hold_id uuid NOT NULL,
            store_id text NOT NULL,
            status text NOT NULL,
            fact text NOT NULL,
            held_at timestamptz NOT NULL,
            held_until timestamptz NOT NULL,
            ended_at timestamptz,
            purchase_id uuid,
            units jsonb NOT NULL,
            rewards jsonb NOT NULL,
            CONSTRAINT pk_till_hold PRIMARY KEY (member_id, hold_id),
            CONSTRAINT fk_till_hold_member_id FOREIGN KEY (member_id) REFERENCES member (member_id),
            CONSTRAINT ck_till_hold_status_known CHECK (status IN ('open', 'settled', 'released', 'expired')),
            CONSTRAINT ck_till_hold_open_has_no_end CHECK ((status = 'open') = (ended_at IS NULL)),
            CONSTRAINT ck_till_hold_settled_by_a_purchase CHECK ((status = 'settled') = (purchase_id IS NOT NULL))
        );
        CREATE INDEX ix_till_hold_due ON till_hold (held_until) WHERE status = 'open';

        -- A reward that an open hold keeps: no other basket can use it.
        CREATE TABLE till_hold_reward (
            member_id uuid NOT NULL,
            redemption_id uuid NOT NULL,
            hold_id uuid NOT NULL,
            CONSTRAINT pk_till_hold_reward PRIMARY KEY (member_id, redemption_id),
            CONSTRAINT fk_till_hold_reward_member_id_hold_id
                FOREIGN KEY (member_id, hold_id) REFERENCES till_hold (member_id, hold_id)
        );

        -- What each device sold while it was alone, by its own numbers: distributed by store, names no member.
        CREATE TABLE offline_sale (
            store_id text NOT NULL,
            device text NOT NULL,
            sequence bigint NOT NULL,
            request_key text NOT NULL,
            outcome text NOT NULL,
            problems text[] NOT NULL,
            occurred_at timestamptz,
            recorded_at timestamptz NOT NULL,
            CONSTRAINT pk_offline_sale PRIMARY KEY (store_id, device, sequence),
            CONSTRAINT ck_offline_sale_outcome_known CHECK (outcome IN ('settled', 'honoured', 'refused')),
            CONSTRAINT ck_offline_sale_sequence_positive CHECK (sequence > 0)
        );
        """
    )
    for name in ("pin_attempt_v1", "till_spend_v1", "till_settle_v1"):
        run_sql_file(name)
