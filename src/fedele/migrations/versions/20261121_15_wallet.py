"""Wallet: the tables and functions of this room."""

from alembic import op

revision = "20261121_15_wallet"
down_revision = "20261121_14_checkout"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE pass (
            member_id            uuid NOT NULL,
            serial               text NOT NULL,
            kind                 text NOT NULL DEFAULT 'card',
            authentication_token text NOT NULL,
            -- Rises by one under the member's row lock, so that for one pass commit order is tag order.
            update_tag           bigint NOT NULL DEFAULT 1,
            -- Hash of the content the tag stands for: an event that leaves the card as it is wakes no phone.
            content_digest       bytea NOT NULL,
            issued_at            timestamptz NOT NULL,
            -- HTTP dates know whole seconds only; every tag has a second of its own, or a phone would be told 304.
            updated_at           timestamptz NOT NULL,
            voided_at            timestamptz,
            CONSTRAINT pk_pass PRIMARY KEY (member_id, serial),
            CONSTRAINT ck_pass_token_length CHECK (length(authentication_token) >= 16),
            CONSTRAINT ck_pass_update_tag CHECK (update_tag > 0),
            CONSTRAINT ck_pass_whole_seconds CHECK (updated_at = date_trunc('second', updated_at))
        )""")
    # Serial and token are in phones' hands: the application's role has no right to change them.
    op.execute("REVOKE UPDATE ON pass FROM fedele_app")
    op.execute("GRANT UPDATE (update_tag, content_digest, updated_at, voided_at) ON pass TO fedele_app")
    op.execute("""
        CREATE TABLE pass_device (
            member_id                 uuid NOT NULL,
            serial                    text NOT NULL,
            device_library_identifier text NOT NULL,
            push_token                text NOT NULL,
            registered_at             timestamptz NOT NULL,
            CONSTRAINT pk_pass_device PRIMARY KEY (member_id, serial, device_library_identifier),
            CONSTRAINT fk_pass_device_member_id_serial
                FOREIGN KEY (member_id, serial) REFERENCES pass (member_id, serial) ON DELETE CASCADE
        )""")
    # A phone asks "which of my passes changed" by the name it gave itself, without saying whose they are.
    op.execute("CREATE INDEX ix_pass_device_device_library_identifier ON pass_device (device_library_identifier)")
