"""Tiers: what is granted lies over what is earned, and every grant is kept with its reason."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_20_tiers"
down_revision = "20261122_19_value"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- While something is granted, the earned_… columns keep what the member falls back to.
        ALTER TABLE tier_standing
            ADD COLUMN grants jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN earned_tier text,
            ADD COLUMN earned_since timestamptz,
            ADD COLUMN earned_until timestamptz;

        -- The record of every grant, with its reason and who gave it. Only its early end is ever written later.
        CREATE TABLE tier_grant (
            member_id uuid NOT NULL,
            grant_id uuid NOT NULL,
            tier_key text NOT NULL,
            source text NOT NULL,
            reason text NOT NULL,
            actor text NOT NULL,
            granted_at timestamptz NOT NULL,
            until timestamptz,
            ended_at timestamptz,
            ended_by text,
            CONSTRAINT pk_tier_grant PRIMARY KEY (member_id, grant_id),
            CONSTRAINT ck_tier_grant_ends_after_it_began CHECK (until > granted_at)
        );
        """
    )
    run_sql_file("tier_stand_v1_grants")
    run_sql_file("tier_stand_many_v1")
