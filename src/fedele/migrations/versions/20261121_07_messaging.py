"""Messaging: push targets, in-app messages, the decision log, and pushes on their way out."""

from fedele.migrations.sql import run_sql

revision = "20261121_07_messaging"
down_revision = "20261121_06_auth"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- An installation of the app. `value` is what a push service needs to reach it: a secret.
        CREATE TABLE push_target (
            member_id uuid NOT NULL,
            target_id uuid NOT NULL,
            kind text NOT NULL,
            value text NOT NULL,
            platform text NOT NULL,
            app_version text,
            locale text,
            time_zone text,
            permission text NOT NULL,
            registered_at timestamptz NOT NULL,
            last_seen_at timestamptz NOT NULL,
            CONSTRAINT pk_push_target PRIMARY KEY (member_id, target_id),
            CONSTRAINT ck_push_target_kind CHECK (kind IN ('fcm_token', 'fcm_fid', 'web_push')),
            CONSTRAINT ck_push_target_platform CHECK (platform IN ('ios', 'android', 'web')),
            CONSTRAINT ck_push_target_permission CHECK (permission IN ('granted', 'provisional', 'denied', 'unknown'))
        );

        -- Who holds a target now. A phone that changes hands concerns two members, so this table is keyed (and, when
        -- scaled out, distributed) by the target itself. A push leaves only for the member named here.
        CREATE TABLE push_target_owner (
            kind text NOT NULL,
            value_hash bytea NOT NULL,
            member_id uuid NOT NULL,
            target_id uuid NOT NULL,
            CONSTRAINT pk_push_target_owner PRIMARY KEY (kind, value_hash)
        );

        -- A message in the app: a template and its values; the words are chosen when it is read.
        CREATE TABLE in_app_message (
            member_id uuid NOT NULL,
            message_id uuid NOT NULL,
            source_id uuid NOT NULL,
            template_key text NOT NULL,
            template_values jsonb NOT NULL,
            display text NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            seen_at timestamptz,
            dismissed_at timestamptz,
            CONSTRAINT pk_in_app_message PRIMARY KEY (member_id, message_id),
            CONSTRAINT uq_in_app_message_member_id_source_id_template_key
                UNIQUE (member_id, source_id, template_key),
            CONSTRAINT ck_in_app_message_display CHECK (display IN ('banner', 'card', 'modal', 'full_screen'))
        );

        -- "Why did she get this" and "why not". One decision a message and channel, for good.
        CREATE TABLE message_decision (
            member_id uuid NOT NULL,
            source_id uuid NOT NULL,
            template_key text NOT NULL,
            channel text NOT NULL,
            purpose text NOT NULL,
            outcome text NOT NULL,
            reason text NOT NULL,
            decided_at timestamptz NOT NULL,
            send_at timestamptz,
            CONSTRAINT pk_message_decision PRIMARY KEY (member_id, source_id, template_key, channel),
            CONSTRAINT ck_message_decision_outcome CHECK (outcome IN ('sent', 'deferred', 'suppressed'))
        );
        CREATE INDEX ix_message_decision_member_id_decided_at ON message_decision (member_id, decided_at);
        REVOKE UPDATE, DELETE ON message_decision FROM fedele_app;
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON message_decision
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();

        -- Pushes on their way out. `next_at` is when one is due, or, while a worker sends it, when that worker is
        -- presumed dead and another may claim it. Hot rows: a push is updated two or three times and then rests.
        CREATE TABLE push_send (
            member_id uuid NOT NULL,
            source_id uuid NOT NULL,
            template_key text NOT NULL,
            target_id uuid NOT NULL,
            purpose text NOT NULL,
            template_values jsonb NOT NULL,
            state text NOT NULL,
            next_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            attempts_count integer NOT NULL DEFAULT 0,
            provider_id text,
            last_reason text,
            settled_at timestamptz,
            CONSTRAINT pk_push_send PRIMARY KEY (member_id, source_id, template_key, target_id),
            CONSTRAINT ck_push_send_state CHECK (state IN
                ('queued', 'sending', 'sent', 'unregistered', 'rejected', 'withdrawn', 'expired', 'abandoned'))
        );
        CREATE INDEX ix_push_send_next_at ON push_send (next_at) WHERE state IN ('queued', 'sending');
        """
    )
