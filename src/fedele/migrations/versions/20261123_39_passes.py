"""Rewards, claimed offers and tickets as passes of their own; what Google was told; a reward's code at tills."""

from fedele.migrations.sql import run_sql

revision = "20261123_39_passes"
down_revision = "20261122_38_wallet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- What a pass stands for: the redemption, the claim, the place at a gathering. The card stands for the member.
        ALTER TABLE pass ADD COLUMN subject_id uuid;
        -- From then on it holds no more, by itself: the sweep voids it and tells the phones.
        ALTER TABLE pass ADD COLUMN expires_at timestamptz;
        ALTER TABLE pass ADD CONSTRAINT ck_pass_kind CHECK (kind IN ('card', 'reward', 'offer', 'ticket'));
        ALTER TABLE pass ADD CONSTRAINT ck_pass_subject CHECK ((kind = 'card') = (subject_id IS NULL));
        ALTER TABLE pass ADD CONSTRAINT uq_pass_member_id_kind_subject_id
            UNIQUE NULLS NOT DISTINCT (member_id, kind, subject_id);
        CREATE INDEX ix_pass_expires_at ON pass (expires_at) WHERE voided_at IS NULL AND expires_at IS NOT NULL;
        GRANT UPDATE (expires_at) ON pass TO fedele_app;

        -- The last message that was added to the object, as a digest: a message is added, and announced, once.
        ALTER TABLE google_card ADD COLUMN message_digest text;

        -- A reward's own code, as its pass shows it, lets that reward be used.
        ALTER TABLE spend_authorisation DROP CONSTRAINT ck_spend_authorisation_fact_known;
        ALTER TABLE spend_authorisation ADD CONSTRAINT ck_spend_authorisation_fact_known
            CHECK (fact IN ('rotating_code', 'pin', 'staff_confirmation', 'reward_code'));
        """
    )
