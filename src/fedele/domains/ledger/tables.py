"""The ledger's tables, as the schema of record. The migration says why each is so and holds triggers and functions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table

_TRANSACTION = ["ledger_transaction.member_id", "ledger_transaction.id"]
_LOT = ["lot.member_id", "lot.id"]
_DEFERRED: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"}


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class LedgerTransaction(Table, table=True):
    """One operation on one member's value: why it happened, and what was answered."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        PrimaryKeyConstraint("member_id", "id"),
        UniqueConstraint("member_id", "scope", "key"),
        ForeignKeyConstraint(["member_id", "reverses"], _TRANSACTION),
        CheckConstraint(
            "kind IN ('earn', 'settle', 'burn', 'restore', 'clawback', 'expire', 'adjust', 'move_expiry', 'hold', "
            "'release', 'capture')",
            name="kind",
        ),
        CheckConstraint("kind <> 'adjust' OR actor IS NOT NULL", name="actor"),
        CheckConstraint(
            "(kind IN ('restore', 'clawback', 'release', 'capture')) = (reverses IS NOT NULL)", name="reverses"
        ),
        Index(
            "ix_ledger_transaction_member_id_reverses",
            "member_id",
            "reverses",
            postgresql_where=text("reverses IS NOT NULL"),
        ),
        Index(
            "ix_ledger_transaction_member_id_purchase_id",
            "member_id",
            "purchase_id",
            postgresql_where=text("purchase_id IS NOT NULL"),
        ),
    )

    member_id: UUID = Field(sa_type=Uuid)
    id: UUID = Field(sa_type=Uuid)
    scope: str = _text()
    key: str = _text()
    input_hash: bytes = Field(sa_type=LargeBinary)
    kind: str = _text()
    currency: str = _text()
    requested: int = Field(sa_type=BigInteger)
    occurred_at: datetime = _moment()
    recorded_at: datetime = _moment()
    programme_version: int | None
    actor: str | None = _text(nullable=True)
    reason: dict[str, Any] = Field(sa_type=JSONB)
    reverses: UUID | None = Field(sa_type=Uuid)
    purchase_id: UUID | None = Field(sa_type=Uuid)
    held_until: datetime | None = _moment(nullable=True)
    response: dict[str, Any] = Field(sa_type=JSONB)


class Entry(Table, table=True):
    """One leg: an account's next version, built on the version and balance it names."""

    __tablename__ = "entry"
    __table_args__ = (
        PrimaryKeyConstraint("member_id", "transaction_id", "id"),
        UniqueConstraint("member_id", "currency", "account", "account_version"),
        UniqueConstraint("member_id", "currency", "account", "account_version", "balance_after", name="uq_entry_chain"),
        ForeignKeyConstraint(["member_id", "transaction_id"], _TRANSACTION, **_DEFERRED),
        ForeignKeyConstraint(
            ["member_id", "currency", "account", "previous_version", "balance_before"],
            ["entry.member_id", "entry.currency", "entry.account", "entry.account_version", "entry.balance_after"],
            name="fk_entry_chain",
        ),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(
            "CASE WHEN previous_version IS NULL THEN account_version = 1 AND balance_before = 0 "
            "ELSE account_version = previous_version + 1 END",
            name="version",
        ),
        CheckConstraint("balance_after = balance_before + amount", name="balance"),
        CheckConstraint(
            "account IN ('available', 'pending', 'reserved', 'debt', 'issued', 'redeemed', 'expired', 'revoked', "
            "'adjusted')",
            name="account",
        ),
        CheckConstraint(
            "CASE WHEN account IN ('available', 'pending', 'reserved', 'redeemed', 'expired', 'revoked') "
            "THEN balance_after >= 0 WHEN account IN ('debt', 'issued') THEN balance_after <= 0 ELSE true END",
            name="sign",
        ),
        Index("ix_entry_id", "id", postgresql_using="brin", postgresql_with={"pages_per_range": 32}),
    )

    member_id: UUID = Field(sa_type=Uuid)
    transaction_id: UUID = Field(sa_type=Uuid)
    id: UUID = Field(sa_type=Uuid)
    currency: str = _text()
    account: str = _text()
    amount: int = Field(sa_type=BigInteger)
    account_version: int = Field(sa_type=BigInteger)
    previous_version: int | None = Field(sa_type=BigInteger)
    balance_before: int = Field(sa_type=BigInteger)
    balance_after: int = Field(sa_type=BigInteger)
    recorded_at: datetime = _moment()


class Lot(Table, table=True):
    """Where value came from. Only remaining, reserved, state and expires_at change."""

    __tablename__ = "lot"
    __table_args__ = (
        PrimaryKeyConstraint("member_id", "id"),
        ForeignKeyConstraint(["member_id", "transaction_id"], _TRANSACTION, **_DEFERRED),
        CheckConstraint("original > 0", name="original"),
        CheckConstraint("remaining >= 0 AND reserved >= 0 AND remaining + reserved <= original", name="remaining"),
        CheckConstraint("state = 'active' OR (state = 'pending' AND activates_at IS NOT NULL)", name="state"),
        Index(
            "ix_lot_live",
            "member_id",
            "currency",
            "expires_at",
            "id",
            postgresql_where=text("remaining > 0 OR reserved > 0"),
        ),
        Index("ix_lot_member_id_transaction_id", "member_id", "transaction_id"),
        Index(
            "ix_lot_expiring",
            "expires_at",
            postgresql_where=text("remaining > 0 AND state = 'active' AND expires_at IS NOT NULL"),
        ),
        Index(
            "ix_lot_activating",
            "activates_at",
            postgresql_where=text("remaining > 0 AND state = 'pending'"),
        ),
    )

    member_id: UUID = Field(sa_type=Uuid)
    id: UUID = Field(sa_type=Uuid)
    currency: str = _text()
    transaction_id: UUID = Field(sa_type=Uuid)
    source: str = _text()
    purchase_id: UUID | None = Field(sa_type=Uuid)
    line: str | None = _text(nullable=True)
    original: int = Field(sa_type=BigInteger)
    remaining: int = Field(sa_type=BigInteger)
    reserved: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    state: str = _text()
    earned_at: datetime = _moment()
    activates_at: datetime | None = _moment(nullable=True)
    expires_at: datetime | None = _moment(nullable=True)


class LotUseRow(Table, table=True):
    """Where value went, lot by lot: taken (> 0) or given back (< 0)."""

    __tablename__ = "lot_use"
    __table_args__ = (
        PrimaryKeyConstraint("member_id", "lot_id", "transaction_id", "kind"),
        ForeignKeyConstraint(["member_id", "lot_id"], _LOT),
        ForeignKeyConstraint(["member_id", "transaction_id"], _TRANSACTION, **_DEFERRED),
        CheckConstraint(
            "kind IN ('burn', 'restore', 'clawback', 'expire', 'adjust', 'debt', 'hold')",
            name="kind",
        ),
        CheckConstraint(
            "CASE WHEN kind = 'restore' THEN amount < 0 WHEN kind IN ('hold', 'expire') THEN amount <> 0 "
            "ELSE amount > 0 END",
            name="amount",
        ),
        Index("ix_lot_use_member_id_transaction_id", "member_id", "transaction_id"),
    )

    member_id: UUID = Field(sa_type=Uuid)
    lot_id: UUID = Field(sa_type=Uuid)
    transaction_id: UUID = Field(sa_type=Uuid)
    kind: str = _text()
    amount: int = Field(sa_type=BigInteger)


class LotExpiryChange(Table, table=True):
    """One change of a lot's expiry."""

    __tablename__ = "lot_expiry_change"
    __table_args__ = (
        PrimaryKeyConstraint("member_id", "lot_id", "transaction_id"),
        ForeignKeyConstraint(["member_id", "lot_id"], _LOT),
        ForeignKeyConstraint(["member_id", "transaction_id"], _TRANSACTION, **_DEFERRED),
    )

    member_id: UUID = Field(sa_type=Uuid)
    lot_id: UUID = Field(sa_type=Uuid)
    transaction_id: UUID = Field(sa_type=Uuid)
    previous_expires_at: datetime | None = _moment(nullable=True)
    expires_at: datetime | None = _moment(nullable=True)
    recorded_at: datetime = _moment()


class LedgerCheckpoint(Table, table=True):
    """The programme's balance per account up to an entry id. Belongs to no member."""

    __tablename__ = "ledger_checkpoint"
    __table_args__ = (PrimaryKeyConstraint("until_id", "currency", "account"),)

    until_id: UUID = Field(sa_type=Uuid)
    currency: str = _text()
    account: str = _text()
    total: int = Field(sa_type=BigInteger)
