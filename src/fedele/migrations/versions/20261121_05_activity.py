"""Activity: the tables and functions of this room."""

from alembic import op

revision = "20261121_05_activity"
down_revision = "20261121_04_ledger"
branch_labels = None
depends_on = None

APPEND_ONLY = ("purchase_return", "purchase_return_line")
# Append-only but for one column, which others fill and which may therefore hold something personal: erasure empties it.
FORGETTING = {"purchase": "attributes", "activity_event": "properties"}


def upgrade() -> None:
    op.execute("""
        -- The catalogue: not a member's, small, replicated to every node.
        CREATE TABLE product (
            sku text NOT NULL,
            name text NOT NULL,
            category text,
            department text,
            brand text,
            updated_at timestamptz NOT NULL,
            CONSTRAINT pk_product PRIMARY KEY (sku)
        )
    """)
    op.execute("""
        -- A receipt. Amounts are minor units of `currency`, tax included and discount taken off.
        CREATE TABLE purchase (
            member_id uuid NOT NULL,
            purchase_id uuid NOT NULL,
            store_id text NOT NULL,
            receipt text NOT NULL,
            channel text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            currency text NOT NULL,
            total_minor bigint NOT NULL,
            tax_minor bigint NOT NULL,
            discount_minor bigint NOT NULL,
            tenders jsonb NOT NULL,
            points jsonb NOT NULL DEFAULT '{}', -- what it did to the balances, currency → units
            burns jsonb NOT NULL DEFAULT '[]', -- [{currency, units, transaction_id}]: the units that paid a part
            attributes jsonb NOT NULL DEFAULT '{}',
            CONSTRAINT pk_purchase PRIMARY KEY (member_id, purchase_id),
            CONSTRAINT uq_purchase_member_id_store_id_receipt UNIQUE (member_id, store_id, receipt),
            CONSTRAINT ck_purchase_currency_is_iso CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT ck_purchase_total_not_negative CHECK (total_minor >= 0)
        )
    """)
    op.execute(
        "CREATE INDEX ix_purchase_member_id_occurred_at_purchase_id ON purchase (member_id, occurred_at, purchase_id)"
    )
    op.execute("""
        -- The returns desk has the receipt, not the member.
        CREATE INDEX ix_purchase_store_id_receipt ON purchase (store_id, receipt)
    """)
    op.execute("""
        -- The line keeps the product as it was then: a catalogue that moves on does not change old receipts.
        CREATE TABLE purchase_line (
            member_id uuid NOT NULL,
            purchase_id uuid NOT NULL,
            line_number integer NOT NULL,
            kind text NOT NULL,
            sku text,
            name text,
            category text,
            department text,
            brand text,
            quantity numeric(12, 3) NOT NULL,
            returned_quantity numeric(12, 3) NOT NULL DEFAULT 0,
            amount_minor bigint NOT NULL,
            tax_minor bigint NOT NULL,
            discount_minor bigint NOT NULL,
            attributes jsonb NOT NULL DEFAULT '{}',
            CONSTRAINT pk_purchase_line PRIMARY KEY (member_id, purchase_id, line_number),
            CONSTRAINT fk_purchase_line_member_id_purchase_id FOREIGN KEY (member_id, purchase_id)
                REFERENCES purchase (member_id, purchase_id),
            CONSTRAINT ck_purchase_line_quantity_positive CHECK (quantity > 0),
            CONSTRAINT ck_purchase_line_amount_not_negative CHECK (amount_minor >= 0),
            -- What makes it impossible to return more than was bought, however many tills try at once.
            CONSTRAINT ck_purchase_line_returned_within_bought CHECK (returned_quantity BETWEEN 0 AND quantity)
        )
    """)
    op.execute("""
        CREATE TABLE purchase_return (
            member_id uuid NOT NULL,
            return_id uuid NOT NULL,
            purchase_id uuid NOT NULL,
            store_id text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            currency text NOT NULL,
            total_minor bigint NOT NULL,
            points jsonb NOT NULL DEFAULT '{}',
            CONSTRAINT pk_purchase_return PRIMARY KEY (member_id, return_id),
            CONSTRAINT fk_purchase_return_member_id_purchase_id FOREIGN KEY (member_id, purchase_id)
                REFERENCES purchase (member_id, purchase_id)
        )
    """)
    op.execute("""
        CREATE INDEX ix_purchase_return_member_id_occurred_at_return_id
            ON purchase_return (member_id, occurred_at, return_id)
    """)
    op.execute("""
        CREATE TABLE purchase_return_line (
            member_id uuid NOT NULL,
            return_id uuid NOT NULL,
            line_number integer NOT NULL,
            purchase_id uuid NOT NULL,
            quantity numeric(12, 3) NOT NULL,
            amount_minor bigint NOT NULL,
            CONSTRAINT pk_purchase_return_line PRIMARY KEY (member_id, return_id, line_number),
            CONSTRAINT fk_purchase_return_line_member_id_return_id FOREIGN KEY (member_id, return_id)
                REFERENCES purchase_return (member_id, return_id),
            CONSTRAINT fk_purchase_return_line_member_id_purchase_id_line_number
                FOREIGN KEY (member_id, purchase_id, line_number)
                REFERENCES purchase_line (member_id, purchase_id, line_number),
            CONSTRAINT ck_purchase_return_line_quantity_positive CHECK (quantity > 0)
        )
    """)
    op.execute("""
        CREATE TABLE activity_event (
            member_id uuid NOT NULL,
            event_id uuid NOT NULL,
            name text NOT NULL,
            store_id text,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            properties jsonb NOT NULL,
            points jsonb NOT NULL DEFAULT '{}',
            CONSTRAINT pk_activity_event PRIMARY KEY (member_id, event_id)
        )
    """)
    op.execute("""
        CREATE INDEX ix_activity_event_member_id_occurred_at_event_id
            ON activity_event (member_id, occurred_at, event_id)
    """)
    op.execute("""
        CREATE INDEX ix_activity_event_member_id_name_occurred_at
            ON activity_event (member_id, name, occurred_at)
    """)
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM fedele_app")
        op.execute(
            f"CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change_v1()"
        )
    for table, column in FORGETTING.items():
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM fedele_app")
        op.execute(f"GRANT UPDATE ({column}) ON {table} TO fedele_app")
        op.execute(
            f"CREATE TRIGGER append_only_v1 BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change_v1()"
        )
        op.execute(
            f"CREATE TRIGGER forgetting_only_v1 BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN (NEW.{column} <> '{{}}' OR to_jsonb(NEW) - '{column}' <> to_jsonb(OLD) - '{column}')"
            " EXECUTE FUNCTION refuse_change_v1()"
        )
    op.execute("""
        -- A line is a record too: the app may mark what came back, and forget what others wrote.
        REVOKE UPDATE, DELETE ON purchase_line FROM fedele_app
    """)
    op.execute("GRANT UPDATE (returned_quantity, attributes) ON purchase_line TO fedele_app")
