"""Messaging: channels, the governor, deliveries."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261122_33_messaging"
down_revision = "20261122_32_support"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- What a decision was part of, and the number by which an app or a provider tells what became of it.
        ALTER TABLE message_decision
            ADD COLUMN contact_id uuid,
            ADD COLUMN priority text NOT NULL DEFAULT 'normal',
            ADD COLUMN campaign_key text,
            ADD COLUMN variant text,
            ADD COLUMN exclusive_group text,
            ADD COLUMN details jsonb NOT NULL DEFAULT '{}';
        CREATE UNIQUE INDEX uq_message_decision_contact ON message_decision (member_id, contact_id)
            WHERE contact_id IS NOT NULL;
        CREATE INDEX ix_message_decision_campaign_key ON message_decision (campaign_key, decided_at)
            WHERE campaign_key IS NOT NULL;

        ALTER TABLE in_app_message
            ADD COLUMN placement text NOT NULL DEFAULT 'home',
            ADD COLUMN rank smallint NOT NULL DEFAULT 2,
            ADD COLUMN shown_count integer NOT NULL DEFAULT 0;

        ALTER TABLE push_send ADD COLUMN contact_id uuid;

        -- E-mails, texts and words on the wallet card on their way out. No address stands here: it is looked up when
        -- the letter leaves. `first_tried_at` is set before the first attempt, so that after a kill the provider can be
        -- asked whether that attempt arrived.
        CREATE TABLE message_letter (
            member_id uuid NOT NULL,
            source_id uuid NOT NULL,
            template_key text NOT NULL,
            channel text NOT NULL,
            contact_id uuid NOT NULL,
            purpose text NOT NULL,
            template_values jsonb NOT NULL,
            state text NOT NULL,
            next_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            attempts_count integer NOT NULL DEFAULT 0,
            first_tried_at timestamptz,
            provider_id text,
            last_reason text,
            settled_at timestamptz,
            CONSTRAINT pk_message_letter PRIMARY KEY (member_id, source_id, template_key, channel),
            CONSTRAINT ck_message_letter_channel CHECK (channel IN ('email', 'sms', 'wallet')),
            CONSTRAINT ck_message_letter_state CHECK (state IN
                ('queued', 'sending', 'sent', 'unregistered', 'rejected', 'withdrawn', 'expired', 'abandoned'))
        );
        CREATE INDEX ix_message_letter_next_at ON message_letter (next_at) WHERE state IN ('queued', 'sending');

        -- An address that a provider says does not exist. Another address of the member's is another matter.
        CREATE TABLE message_address_block (
            member_id uuid NOT NULL,
            channel text NOT NULL,
            value_hash bytea NOT NULL,
            reason text NOT NULL,
            blocked_at timestamptz NOT NULL,
            CONSTRAINT pk_message_address_block PRIMARY KEY (member_id, channel, value_hash)
        );

        -- What became of a message, as the app, the provider or a link told it; the first time counts.
        CREATE TABLE message_report (
            member_id uuid NOT NULL,
            contact_id uuid NOT NULL,
            what text NOT NULL,
            occurred_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            CONSTRAINT pk_message_report PRIMARY KEY (member_id, contact_id, what),
            CONSTRAINT ck_message_report_what CHECK (what IN ('delivered', 'failed', 'seen', 'opened', 'clicked'))
        );
        CREATE INDEX ix_message_report_member_id_occurred_at ON message_report (member_id, occurred_at);
        REVOKE UPDATE, DELETE ON message_report FROM fedele_app;
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON message_report
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();

        -- One sending of a campaign: where it stands, and what was decided before it began. Few rows, of no member.
        CREATE TABLE message_campaign_run (
            run_id uuid NOT NULL,
            campaign_key text NOT NULL,
            due_at timestamptz NOT NULL,
            programme_version bigint NOT NULL,
            state text NOT NULL,
            audience_count bigint NOT NULL,
            everyone_count bigint NOT NULL,
            exception_reason text,
            cursor uuid,
            judged_count bigint NOT NULL DEFAULT 0,
            sent_count bigint NOT NULL DEFAULT 0,
            started_at timestamptz NOT NULL,
            ended_at timestamptz,
            CONSTRAINT pk_message_campaign_run PRIMARY KEY (run_id),
            CONSTRAINT uq_message_campaign_run_campaign_key_due_at UNIQUE (campaign_key, due_at),
            CONSTRAINT ck_message_campaign_run_state CHECK (state IN ('running', 'done', 'refused', 'stopped'))
        );
        """
    )
    run_sql_file("message_decide_v1")
