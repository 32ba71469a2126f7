"""Offers: what members activated, and what is gone of offers that end."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261121_12_offers"
down_revision = "20261121_11_rewards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        CREATE TABLE offer_claim (
            member_id uuid NOT NULL,
            claim_id uuid NOT NULL,
            offer_key text NOT NULL,
            programme_version integer NOT NULL,
            claimed_at timestamptz NOT NULL,
            usable_until timestamptz NOT NULL,
            used_at timestamptz,
            purchase_id uuid,
            CONSTRAINT pk_offer_claim PRIMARY KEY (member_id, claim_id),
            CONSTRAINT ck_offer_claim_usable_after_claim CHECK (usable_until > claimed_at)
        );
        CREATE INDEX ix_offer_claim_member_id_offer_key ON offer_claim (member_id, offer_key, claimed_at);

        -- One row an offer that has a total or a budget: its row lock is the hard stop.
        CREATE TABLE offer_total (
            offer_key text NOT NULL,
            claimed bigint NOT NULL,
            spent_minor bigint NOT NULL,
            CONSTRAINT pk_offer_total PRIMARY KEY (offer_key)
        );
        """
    )
    run_sql_file("offer_claims_use_v1")
