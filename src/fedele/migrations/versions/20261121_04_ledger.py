"""Ledger: transactions, entries, lots and their uses; the constraints that keep the books; the operations."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261121_04_ledger"
down_revision = "20261121_03_programme"
branch_labels = None
depends_on = None

# In the order in which they call each other, lowest first.
FUNCTIONS = (
    "ledger_refuse_v1",
    "ledger_check_v1",
    "ledger_parts_v1",
    "ledger_take_v1",
    "ledger_record_v1",
    "ledger_earn_v1",
    "ledger_settle_v1",
    "ledger_burn_v1",
    "ledger_restore_v1",
    "ledger_clawback_v1",
    "ledger_expire_v1",
    "ledger_adjust_v1",
    "ledger_move_expiry_v1",
    "ledger_hold_v1",
    "ledger_post_v1",
    "ledger_totals_v1",
)


def upgrade() -> None:
    for script in (TRANSACTIONS, ENTRIES, LOTS, CHECKPOINT):
        run_sql(script)
    for name in FUNCTIONS:
        run_sql_file(name)
    run_sql(TRIGGERS)
    run_sql(GRANTS)


TRANSACTIONS = """
-- One operation on one member's value: why it happened, and what was answered. (scope, key) makes it happen once.
CREATE TABLE ledger_transaction (
    member_id uuid NOT NULL,
    id uuid NOT NULL,
    scope text NOT NULL,
    key text NOT NULL,
    input_hash bytea NOT NULL,
    kind text NOT NULL,
    currency text NOT NULL,
    requested bigint NOT NULL,           -- what was asked for; a reversal of it may ask for no more in sum
    occurred_at timestamptz NOT NULL,    -- theirs
    recorded_at timestamptz NOT NULL,    -- ours
    programme_version integer,
    actor text,                          -- who, when a person did it: a staff key's id, never a name
    reason jsonb NOT NULL,
    reverses uuid,
    purchase_id uuid,
    held_until timestamptz,
    response jsonb NOT NULL,
    CONSTRAINT pk_ledger_transaction PRIMARY KEY (member_id, id),
    CONSTRAINT uq_ledger_transaction_member_id_scope_key UNIQUE (member_id, scope, key),
    CONSTRAINT fk_ledger_transaction_member_id_reverses FOREIGN KEY (member_id, reverses)
        REFERENCES ledger_transaction (member_id, id),
    CONSTRAINT ck_ledger_transaction_kind CHECK (kind IN ('earn', 'settle', 'burn', 'restore', 'clawback', 'expire',
        'adjust', 'move_expiry', 'hold', 'release', 'capture')),
    CONSTRAINT ck_ledger_transaction_actor CHECK (kind <> 'adjust' OR actor IS NOT NULL),
    CONSTRAINT ck_ledger_transaction_reverses
        CHECK ((kind IN ('restore', 'clawback', 'release', 'capture')) = (reverses IS NOT NULL))
);
CREATE INDEX ix_ledger_transaction_member_id_reverses ON ledger_transaction (member_id, reverses)
    WHERE reverses IS NOT NULL;
CREATE INDEX ix_ledger_transaction_member_id_purchase_id ON ledger_transaction (member_id, purchase_id)
    WHERE purchase_id IS NOT NULL;
"""

ENTRIES = """
-- The legs. Each account of a member and currency is a chain: an entry names the version and balance it builds on, and
-- the foreign key onto the table itself refuses a gap, a fork or a balance that nobody had.
CREATE TABLE entry (
    member_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    id uuid NOT NULL,
    currency text NOT NULL,
    account text NOT NULL,
    amount bigint NOT NULL,
    account_version bigint NOT NULL,
    previous_version bigint,             -- null for the account's first entry
    balance_before bigint NOT NULL,
    balance_after bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (member_id, transaction_id, id),
    CONSTRAINT uq_entry_member_id_currency_account_account_version
        UNIQUE (member_id, currency, account, account_version),
    CONSTRAINT uq_entry_chain UNIQUE (member_id, currency, account, account_version, balance_after),
    CONSTRAINT fk_entry_member_id_transaction_id FOREIGN KEY (member_id, transaction_id)
        REFERENCES ledger_transaction (member_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_entry_chain FOREIGN KEY (member_id, currency, account, previous_version, balance_before)
        REFERENCES entry (member_id, currency, account, account_version, balance_after),
    CONSTRAINT ck_entry_amount CHECK (amount <> 0),
    CONSTRAINT ck_entry_version CHECK (CASE WHEN previous_version IS NULL
        THEN account_version = 1 AND balance_before = 0 ELSE account_version = previous_version + 1 END),
    CONSTRAINT ck_entry_balance CHECK (balance_after = balance_before + amount),
    CONSTRAINT ck_entry_account CHECK (account IN ('available', 'pending', 'reserved', 'debt',
        'issued', 'redeemed', 'expired', 'revoked', 'adjusted')),
    CONSTRAINT ck_entry_sign CHECK (CASE
        WHEN account IN ('available', 'pending', 'reserved', 'redeemed', 'expired', 'revoked') THEN balance_after >= 0
        WHEN account IN ('debt', 'issued') THEN balance_after <= 0 ELSE true END)
);
-- Entries are appended in the order of their UUIDv7: a block range index finds those since the checkpoint cheaply.
CREATE INDEX ix_entry_id ON entry USING brin (id) WITH (pages_per_range = 32);
"""

LOTS = """
-- Where value came from: one row an earn or positive adjustment. Only what is left, held, its state and expiry change.
CREATE TABLE lot (
    member_id uuid NOT NULL,
    id uuid NOT NULL,
    currency text NOT NULL,
    transaction_id uuid NOT NULL,
    source text NOT NULL,
    purchase_id uuid,
    line text,
    original bigint NOT NULL,
    remaining bigint NOT NULL,
    reserved bigint NOT NULL DEFAULT 0,
    state text NOT NULL,
    earned_at timestamptz NOT NULL,
    activates_at timestamptz,
    expires_at timestamptz,
    CONSTRAINT pk_lot PRIMARY KEY (member_id, id),
    CONSTRAINT fk_lot_member_id_transaction_id FOREIGN KEY (member_id, transaction_id)
        REFERENCES ledger_transaction (member_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_lot_original CHECK (original > 0),
    CONSTRAINT ck_lot_remaining CHECK (remaining >= 0 AND reserved >= 0 AND remaining + reserved <= original),
    CONSTRAINT ck_lot_state CHECK (state = 'active' OR (state = 'pending' AND activates_at IS NOT NULL))
) WITH (fillfactor = 80);
-- Live lots in the order in which they burn; then what the day's close looks for.
CREATE INDEX ix_lot_live ON lot (member_id, currency, expires_at, id) WHERE remaining > 0 OR reserved > 0;
CREATE INDEX ix_lot_member_id_transaction_id ON lot (member_id, transaction_id);
CREATE INDEX ix_lot_expiring ON lot (expires_at) WHERE remaining > 0 AND state = 'active' AND expires_at IS NOT NULL;
CREATE INDEX ix_lot_activating ON lot (activates_at) WHERE remaining > 0 AND state = 'pending';

-- Where value went, lot by lot: > 0 taken, < 0 given back. original - remaining = their sum; reserved = that of 'hold'.
CREATE TABLE lot_use (
    member_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT pk_lot_use PRIMARY KEY (member_id, lot_id, transaction_id, kind),
    CONSTRAINT fk_lot_use_member_id_lot_id FOREIGN KEY (member_id, lot_id) REFERENCES lot (member_id, id),
    CONSTRAINT fk_lot_use_member_id_transaction_id FOREIGN KEY (member_id, transaction_id)
        REFERENCES ledger_transaction (member_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_lot_use_kind CHECK (kind IN ('burn', 'restore', 'clawback', 'expire', 'adjust', 'debt', 'hold')),
    CONSTRAINT ck_lot_use_amount CHECK (CASE WHEN kind = 'restore' THEN amount < 0
        WHEN kind IN ('hold', 'expire') THEN amount <> 0 ELSE amount > 0 END)
);
CREATE INDEX ix_lot_use_member_id_transaction_id ON lot_use (member_id, transaction_id);

-- Every change of a lot's expiry, so that the expiry at any past moment can be told.
CREATE TABLE lot_expiry_change (
    member_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    previous_expires_at timestamptz,
    expires_at timestamptz,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_lot_expiry_change PRIMARY KEY (member_id, lot_id, transaction_id),
    CONSTRAINT fk_lot_expiry_change_member_id_lot_id FOREIGN KEY (member_id, lot_id) REFERENCES lot (member_id, id),
    CONSTRAINT fk_lot_expiry_change_member_id_transaction_id FOREIGN KEY (member_id, transaction_id)
        REFERENCES ledger_transaction (member_id, id) DEFERRABLE INITIALLY DEFERRED
);
"""

CHECKPOINT = """
-- The programme's balance per account up to an entry id; the view adds what came since. Not of one member: replicated.
CREATE TABLE ledger_checkpoint (
    until_id uuid NOT NULL,
    currency text NOT NULL,
    account text NOT NULL,
    total bigint NOT NULL,
    CONSTRAINT pk_ledger_checkpoint PRIMARY KEY (until_id, currency, account)
);
"""

TRIGGERS = """
CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON lot_use FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON lot_expiry_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
CREATE TRIGGER append_only_v1 BEFORE DELETE ON lot FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();
-- Of a lot only remaining, reserved, state and expires_at change, and an active lot is never pending again.
CREATE TRIGGER origin_fixed_v1 BEFORE UPDATE ON lot FOR EACH ROW
    WHEN ((OLD.member_id, OLD.id, OLD.currency, OLD.transaction_id, OLD.source, OLD.purchase_id, OLD.line, OLD.original,
           OLD.earned_at, OLD.activates_at)
          IS DISTINCT FROM
          (NEW.member_id, NEW.id, NEW.currency, NEW.transaction_id, NEW.source, NEW.purchase_id, NEW.line, NEW.original,
           NEW.earned_at, NEW.activates_at)
          OR (OLD.state = 'active' AND NEW.state = 'pending'))
    EXECUTE FUNCTION refuse_change_v1();

-- At commit: the legs of each transaction sum to zero, and each account's balance is the sum of its lots.
CREATE CONSTRAINT TRIGGER zero_sum_v1 AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_check_zero_sum_v1();
CREATE CONSTRAINT TRIGGER lots_match_v1 AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.account IN ('available', 'pending', 'reserved')) EXECUTE FUNCTION ledger_check_lots_v1();
CREATE CONSTRAINT TRIGGER lots_match_v1 AFTER INSERT OR UPDATE OF remaining, reserved, state ON lot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_lots_v1();
"""

GRANTS = """
REVOKE UPDATE, DELETE ON ledger_transaction, entry, lot_use, lot_expiry_change, ledger_checkpoint FROM fedele_app;
REVOKE UPDATE, DELETE ON lot FROM fedele_app;
GRANT UPDATE (remaining, reserved, state, expires_at) ON lot TO fedele_app;
"""
