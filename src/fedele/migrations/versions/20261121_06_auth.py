"""Auth: one-time codes, refresh families, staff keys, counters of attempts."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261121_06_auth"
down_revision = "20261121_05_activity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql(
        """
        -- A code that was sent. Nobody's row: it exists before the member does. Neither the address nor the code is
        -- here, only their keyed digests. Rows are swept an hour after they expire.
        CREATE TABLE otp_challenge (
            challenge_id uuid NOT NULL,
            kind text NOT NULL,
            identity_digest bytea NOT NULL,
            code_digest bytea NOT NULL,
            attempts_left smallint NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz,
            CONSTRAINT pk_otp_challenge PRIMARY KEY (challenge_id),
            CONSTRAINT ck_otp_challenge_attempts_bounded CHECK (attempts_left >= 0)
        );
        CREATE INDEX ix_otp_challenge_expires_at ON otp_challenge (expires_at);

        -- A login on one device: all refresh tokens that descend from it.
        CREATE TABLE refresh_family (
            member_id uuid NOT NULL,
            family_id uuid NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz,
            revoked_because text,
            CONSTRAINT pk_refresh_family PRIMARY KEY (member_id, family_id),
            CONSTRAINT ck_refresh_family_revoked_because CHECK ((revoked_at IS NULL) = (revoked_because IS NULL))
        );
        CREATE INDEX ix_refresh_family_expires_at ON refresh_family (expires_at);

        -- One-time tokens of a family. `successor_salt` is set when the token is exchanged: the successor is
        -- HMAC(token, salt), so a repeated exchange gives the same successor while the database alone gives none.
        CREATE TABLE refresh_token (
            member_id uuid NOT NULL,
            family_id uuid NOT NULL,
            token_digest bytea NOT NULL,
            generation integer NOT NULL,
            issued_at timestamptz NOT NULL,
            exchanged_at timestamptz,
            successor_salt bytea,
            CONSTRAINT pk_refresh_token PRIMARY KEY (member_id, family_id, token_digest),
            CONSTRAINT uq_refresh_token_member_id_family_id_generation UNIQUE (member_id, family_id, generation),
            CONSTRAINT fk_refresh_token_member_id_family_id FOREIGN KEY (member_id, family_id)
                REFERENCES refresh_family (member_id, family_id) ON DELETE CASCADE,
            CONSTRAINT ck_refresh_token_exchanged_has_salt
                CHECK ((exchanged_at IS NULL) = (successor_salt IS NULL))
        );

        -- Keys of staff, tills and integrations; small, replicated. The secret has 256 random bits, so one SHA-256 is
        -- enough: nothing can be guessed from its digest.
        CREATE TABLE api_key (
            key_id text NOT NULL,
            kind text NOT NULL,
            name text NOT NULL,
            secret_digest bytea NOT NULL,
            scopes text[] NOT NULL,
            store_id text,
            created_at timestamptz NOT NULL,
            expires_at timestamptz,
            revoked_at timestamptz,
            last_used_at timestamptz,
            CONSTRAINT pk_api_key PRIMARY KEY (key_id),
            CONSTRAINT ck_api_key_kind_known CHECK (kind IN ('staff', 'till', 'service'))
        );

        -- Leaky buckets (GCRA): when the bucket of this digest will have drained. Unlogged: losing counters in a crash
        -- costs an attacker's patience nothing that matters, and saves a WAL record for every attempt.
        CREATE UNLOGGED TABLE rate_limit (
            digest bytea NOT NULL,
            drains_at timestamptz NOT NULL,
            CONSTRAINT pk_rate_limit PRIMARY KEY (digest)
        ) WITH (fillfactor = 70);
        CREATE INDEX ix_rate_limit_drains_at ON rate_limit (drains_at);
        """
    )
    run_sql_file("rate_limit_take_v1")
