"""Value: exact remainders of awards, how far expiry has followed the tier, and the till's operations, announced once.

The second generation of the till's functions: a return says how much is to be taken altogether, activity extends and
moves expiry, and one operation writes the outbox and the member's version once.
"""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_19_value"
down_revision = "20261121_18_documents"
branch_labels = None
depends_on = None

# In the order in which they call each other.
FUNCTIONS = (
    "ledger_clawback_v2",
    "ledger_move_expiry_v2",
    "ledger_post_v2",
    "award_v2",
    "checkout_end_v2",
    "settle_v2",
    "record_event_v2",
    "return_v2",
    "settle_series_v2",
)


def upgrade() -> None:
    run_sql(
        """
        -- The exact millionths of a unit that each line brought to an award that is rounded at the balance; else empty.
        ALTER TABLE award ADD COLUMN line_micros bigint[] NOT NULL DEFAULT '{}';
        -- Such an award may bring no whole unit yet.
        ALTER TABLE award DROP CONSTRAINT ck_award_units_positive;
        ALTER TABLE award ADD CONSTRAINT ck_award_units_positive
            CHECK (units > 0 OR (units = 0 AND cardinality(line_micros) > 0));

        -- The last change of tier that the expiry of the member's lots has followed (`expiry_by_tier`). Changes are
        -- followed in the order in which they were recorded, each once, however often and late their job runs.
        CREATE TABLE expiry_tier (
            member_id uuid NOT NULL,
            change_id uuid NOT NULL,
            followed_at timestamptz NOT NULL,
            CONSTRAINT pk_expiry_tier PRIMARY KEY (member_id)
        );
        -- What happened before this table was there is not followed now: lots keep the expiry that they have.
        INSERT INTO expiry_tier (member_id, change_id, followed_at)
        SELECT DISTINCT ON (member_id) member_id, change_id, recorded_at FROM tier_change
         ORDER BY member_id, change_id DESC;
        """
    )
    for name in FUNCTIONS:
        run_sql_file(name)
    run_sql(
        """
        DROP FUNCTION settle_series_v1, settle_series_rows_v1, settle_one_by_one_v1, settle_v1, record_event_v1,
            return_v1, checkout_end_v1, award_v1;
        DROP FUNCTION ledger_post_v1, ledger_apply_v1, ledger_earlier_v1, ledger_clawback_v1, ledger_move_expiry_v1,
            ledger_expiry_changes_v1;
        """
    )
