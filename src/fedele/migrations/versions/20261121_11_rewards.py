"""Rewards: what members took, how many are gone, and pools of codes."""

from fedele.migrations.sql import run_sql

revision = "20261121_11_rewards"
down_revision = "20261121_10_earning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        CREATE TABLE redemption (
            member_id uuid NOT NULL,
            redemption_id uuid NOT NULL,
            reward_key text NOT NULL,
            programme_version integer NOT NULL,
            status text NOT NULL,
            code text NOT NULL,
            currency text NOT NULL,
            units bigint NOT NULL,
            transaction_id uuid,
            redeemed_at timestamptz NOT NULL,
            usable_until timestamptz NOT NULL,
            used_at timestamptz,
            used_store text,
            CONSTRAINT pk_redemption PRIMARY KEY (member_id, redemption_id),
            CONSTRAINT ck_redemption_status_known CHECK (status IN ('held', 'used', 'cancelled')),
            CONSTRAINT ck_redemption_used_has_a_time CHECK ((status = 'used') = (used_at IS NOT NULL)),
            CONSTRAINT ck_redemption_price_was_burned CHECK ((units = 0) = (transaction_id IS NULL))
        );
        CREATE INDEX ix_redemption_member_id_redeemed_at ON redemption (member_id, redeemed_at, redemption_id);

        -- One row a stocked reward: its row lock is what keeps 64 members from taking the last one.
        CREATE TABLE reward_stock (
            reward_key text NOT NULL,
            taken bigint NOT NULL,
            CONSTRAINT pk_reward_stock PRIMARY KEY (reward_key),
            CONSTRAINT ck_reward_stock_taken_not_negative CHECK (taken >= 0)
        );

        -- Imported single-use codes. One is given out with SKIP LOCKED, so members do not wait for each other.
        CREATE TABLE reward_code (
            reward_key text NOT NULL,
            code text NOT NULL,
            redemption_id uuid,
            CONSTRAINT pk_reward_code PRIMARY KEY (reward_key, code)
        );
        CREATE INDEX ix_reward_code_free ON reward_code (reward_key, code) WHERE redemption_id IS NULL;
        """
    )
