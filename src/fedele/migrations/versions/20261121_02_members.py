"""Members: who is in the programme, how they are recognised, what they agreed to, their card codes."""

from fedele.migrations.sql import run_sql

revision = "20261121_02_members"
down_revision = "20261121_01_foundation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- What survives erasure: a number, a status, dates. Nothing here tells who it was.
        CREATE TABLE member (
            member_id uuid NOT NULL,
            status text NOT NULL,
            source text NOT NULL,
            joined_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            erased_at timestamptz,
            CONSTRAINT pk_member PRIMARY KEY (member_id),
            CONSTRAINT ck_member_status_known CHECK (status IN ('active', 'guest', 'erased')),
            CONSTRAINT ck_member_erased_has_a_date CHECK ((status = 'erased') = (erased_at IS NOT NULL))
        );

        -- The person, as they wish to be seen. Deleted by erasure.
        CREATE TABLE member_profile (
            member_id uuid NOT NULL,
            locale text NOT NULL,
            time_zone text NOT NULL,
            display_name text,
            birthday_month smallint,
            birthday_day smallint,
            picture_url text,
            background_url text,
            home_store text,
            preferences jsonb NOT NULL DEFAULT '{}',
            CONSTRAINT pk_member_profile PRIMARY KEY (member_id),
            CONSTRAINT fk_member_profile_member_id FOREIGN KEY (member_id) REFERENCES member (member_id),
            CONSTRAINT ck_member_profile_birthday_whole CHECK ((birthday_month IS NULL) = (birthday_day IS NULL))
        );
        -- The day's birthday journeys.
        CREATE INDEX ix_member_profile_birthday_month_birthday_day
            ON member_profile (birthday_month, birthday_day) WHERE birthday_month IS NOT NULL;

        -- Addresses and numbers in clear, to write to. Deleted by erasure.
        CREATE TABLE member_contact (
            member_id uuid NOT NULL,
            kind text NOT NULL,
            value text NOT NULL,
            added_at timestamptz NOT NULL,
            CONSTRAINT pk_member_contact PRIMARY KEY (member_id, kind, value),
            CONSTRAINT fk_member_contact_member_id FOREIGN KEY (member_id) REFERENCES member (member_id)
        );

        -- Who holds an identity. Keyed by its digest, not by member: this is how a member is found before anybody
        -- knows which member it is (so no foreign key; on Citus it is distributed by digest).
        CREATE TABLE member_identity (
            kind text NOT NULL,
            digest bytea NOT NULL,
            pepper_version smallint NOT NULL,
            member_id uuid NOT NULL,
            linked_at timestamptz NOT NULL,
            CONSTRAINT pk_member_identity PRIMARY KEY (kind, digest)
        );
        CREATE INDEX ix_member_identity_member_id ON member_identity (member_id);

        -- Where the member stands today.
        CREATE TABLE member_consent (
            member_id uuid NOT NULL,
            purpose text NOT NULL,
            channel text NOT NULL,
            granted boolean NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_member_consent PRIMARY KEY (member_id, purpose, channel),
            CONSTRAINT fk_member_consent_member_id FOREIGN KEY (member_id) REFERENCES member (member_id)
        );

        -- How they came to stand there: the proof that is asked for years later. Append-only.
        CREATE TABLE consent_change (
            member_id uuid NOT NULL,
            change_id uuid NOT NULL,
            purpose text NOT NULL,
            channel text NOT NULL,
            granted boolean NOT NULL,
            source text NOT NULL,
            wording text NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_consent_change PRIMARY KEY (member_id, change_id),
            CONSTRAINT fk_consent_change_member_id FOREIGN KEY (member_id) REFERENCES member (member_id)
        );
        REVOKE UPDATE, DELETE ON consent_change FROM fedele_app;
        CREATE TRIGGER append_only_v1 BEFORE UPDATE OR DELETE ON consent_change
            FOR EACH ROW EXECUTE FUNCTION refuse_change_v1();

        -- Card codes by digest: a scan finds its member (distributed by digest, like member_identity). `code` is what
        -- the pass prints and is cleared when the code is revoked, so that an old till still hears "revoked".
        -- `secret` belongs to rotating codes alone: their code is a short handle, and each shown code is derived.
        CREATE TABLE card_code (
            digest bytea NOT NULL,
            member_id uuid NOT NULL,
            kind text NOT NULL,
            code text,
            secret bytea,
            issued_at timestamptz NOT NULL,
            revoked_at timestamptz,
            CONSTRAINT pk_card_code PRIMARY KEY (digest),
            CONSTRAINT ck_card_code_kind_known CHECK (kind IN ('static', 'rotating')),
            CONSTRAINT ck_card_code_live_or_cleared CHECK ((revoked_at IS NULL) = (code IS NOT NULL)),
            CONSTRAINT ck_card_code_secret_of_rotating
                CHECK ((secret IS NOT NULL) = (kind = 'rotating' AND revoked_at IS NULL))
        );
        CREATE INDEX ix_card_code_member_id ON card_code (member_id);
        """
    )
