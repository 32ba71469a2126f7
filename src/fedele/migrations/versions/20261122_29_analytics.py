"""Analytics: what goods cost, and what campaigns may: budgets in slices, and what members took of them."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_29_analytics"
down_revision = "20261122_28_fraud"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for script in (COSTS, POTS, USES):
        run_sql(script)
    for name in ("budget_slices_v1", "budget_post_v1"):
        run_sql_file(name)
    # What an offer has cost is counted in its pot from now on.
    run_sql("ALTER TABLE offer_total DROP COLUMN spent_minor")


COSTS = """
-- What one of a product costs us from an instant on, in the home currency: a margin is judged by the cost at the time
-- of the sale. Small, replicated.
CREATE TABLE product_cost (
    sku text NOT NULL,
    valid_from timestamptz NOT NULL,
    cost numeric(18, 6) NOT NULL,
    CONSTRAINT pk_product_cost PRIMARY KEY (sku, valid_from),
    CONSTRAINT ck_product_cost_not_negative CHECK (cost >= 0)
);
"""

POTS = """
-- A campaign's budget in one period. Not a member's: replicated, and written only when it is made or funded anew.
CREATE TABLE budget_pot (
    pot text NOT NULL,                   -- offer:summer, rule:double, reward:mug
    period text NOT NULL,                -- total, 2026-11, 2026-11-22
    money_minor bigint NOT NULL,
    least_minor bigint NOT NULL,         -- what one more use costs at least: with less left, the campaign has ended
    owed_minor bigint NOT NULL,          -- used beyond a budget that was cut afterwards
    programme_version integer NOT NULL,  -- that declared this money
    CONSTRAINT pk_budget_pot PRIMARY KEY (pot, period),
    CONSTRAINT ck_budget_pot_not_negative CHECK (money_minor >= 0 AND owed_minor >= 0 AND least_minor > 0)
);
-- Its money, in sixteen slices, so that sixteen sales take from it without waiting. What is not there cannot be taken.
CREATE TABLE budget_slice (
    pot text NOT NULL,
    period text NOT NULL,
    slice smallint NOT NULL,
    left_minor bigint NOT NULL,
    CONSTRAINT pk_budget_slice PRIMARY KEY (pot, period, slice),
    CONSTRAINT fk_budget_slice_pot_period FOREIGN KEY (pot, period) REFERENCES budget_pot (pot, period),
    CONSTRAINT ck_budget_slice_not_negative CHECK (left_minor >= 0)
) WITH (fillfactor = 40);
-- What was announced of a pot, once each.
CREATE TABLE budget_notice (
    pot text NOT NULL,
    period text NOT NULL,
    percent smallint NOT NULL,
    noticed_at timestamptz NOT NULL,
    CONSTRAINT pk_budget_notice PRIMARY KEY (pot, period, percent),
    CONSTRAINT fk_budget_notice_pot_period FOREIGN KEY (pot, period) REFERENCES budget_pot (pot, period),
    CONSTRAINT ck_budget_notice_percent CHECK (percent IN (50, 80, 100))
);
"""

USES = """
-- What one member's claim, redemption, purchase or event holds of a pot.
CREATE TABLE budget_use (
    member_id uuid NOT NULL,
    use_id uuid NOT NULL,
    pot text NOT NULL,
    period text NOT NULL,
    state text NOT NULL,
    amount_minor bigint NOT NULL,        -- of the pot's money, now
    taken_minor bigint NOT NULL,         -- when it was used; returns count from this
    taken_at timestamptz NOT NULL,
    until timestamptz,
    source_id uuid,                      -- the purchase or event that used it
    CONSTRAINT pk_budget_use PRIMARY KEY (member_id, use_id, pot),
    CONSTRAINT ck_budget_use_state CHECK (state IN ('reserved', 'used', 'released')),
    CONSTRAINT ck_budget_use_amount CHECK (amount_minor BETWEEN 0 AND taken_minor),
    CONSTRAINT ck_budget_use_released CHECK (state <> 'released' OR amount_minor = 0),
    CONSTRAINT ck_budget_use_until CHECK (state <> 'reserved' OR until IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX ix_budget_use_member_id_source_id ON budget_use (member_id, source_id) WHERE source_id IS NOT NULL;
-- What the job looks for, and what staff's figures add up.
CREATE INDEX ix_budget_use_until ON budget_use (until) WHERE state = 'reserved';
CREATE INDEX ix_budget_use_pot_period ON budget_use (pot, period);
"""
