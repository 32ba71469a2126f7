"""The tables of the till; migration 27 is their SQL."""

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
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _of_member() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["member_id"], ["member.member_id"])


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class RotatingCodeUseRow(Table, table=True):
    """A rotating code that let value be spent. Swept when no offline sale can bring it any more: after 400 days."""

    __tablename__ = "rotating_code_use"
    __table_args__ = (_of_member(), Index("ix_rotating_code_use_used_at", "used_at"))

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    digest: bytes = Field(sa_column=Column(BYTEA, primary_key=True))
    step: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    used_at: datetime = _moment()


class MemberPinRow(Table, table=True):
    """A PIN by its Argon2 hash, the wrong attempts since the last right one, and the last. Deleted by erasure."""

    __tablename__ = "member_pin"
    __table_args__ = (_of_member(), CheckConstraint("failures >= 0", name="failures_counted"))

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    hash: str = Field(sa_type=Text)
    failures: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    locked_until: datetime | None = _moment(nullable=True)
    set_at: datetime = _moment()
    wrong_request: bytes | None = Field(sa_column=Column(BYTEA, nullable=True))
    wrong_hash: str | None = Field(sa_column=Column(Text, nullable=True))


class SpendAuthorisationRow(Table, table=True):
    """Why value could be spent. A cashier's words may be personal: deleted by erasure."""

    __tablename__ = "spend_authorisation"
    __table_args__ = (
        _of_member(),
        CheckConstraint("fact IN ('rotating_code', 'pin', 'staff_confirmation', 'reward_code')", name="fact_known"),
        CheckConstraint("source_kind IN ('purchase', 'hold')", name="source_known"),
        CheckConstraint("fact <> 'staff_confirmation' OR reason IS NOT NULL", name="reason_of_staff"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    authorisation_id: UUID = Field(primary_key=True, sa_type=Uuid)
    fact: str = Field(sa_type=Text)
    source_kind: str = Field(sa_type=Text)
    source_id: UUID = Field(sa_type=Uuid)
    store_id: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    authorised_at: datetime = _moment()


class TillHoldRow(Table, table=True):
    """Value put aside for a basket."""

    __tablename__ = "till_hold"
    __table_args__ = (
        _of_member(),
        CheckConstraint("status IN ('open', 'settled', 'released', 'expired')", name="status_known"),
        CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="open_has_no_end"),
        CheckConstraint("(status = 'settled') = (purchase_id IS NOT NULL)", name="settled_by_a_purchase"),
        Index("ix_till_hold_due", "held_until", postgresql_where=text("status = 'open'")),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    hold_id: UUID = Field(primary_key=True, sa_type=Uuid)
    store_id: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    fact: str = Field(sa_type=Text)
    held_at: datetime = _moment()
    held_until: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    purchase_id: UUID | None = Field(default=None, sa_type=Uuid)
    units: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    rewards: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class TillHoldRewardRow(Table, table=True):
    """A reward that an open hold keeps: no other basket can use it."""

    __tablename__ = "till_hold_reward"
    __table_args__ = (ForeignKeyConstraint(["member_id", "hold_id"], ["till_hold.member_id", "till_hold.hold_id"]),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    redemption_id: UUID = Field(primary_key=True, sa_type=Uuid)
    hold_id: UUID = Field(sa_type=Uuid)


class OfflineSaleRow(Table, table=True):
    """What became of a sale that a device made while it was alone."""

    __tablename__ = "offline_sale"
    __table_args__ = (
        CheckConstraint("outcome IN ('settled', 'honoured', 'refused')", name="outcome_known"),
        CheckConstraint("sequence > 0", name="sequence_positive"),
    )

    store_id: str = Field(primary_key=True, sa_type=Text)
    device: str = Field(primary_key=True, sa_type=Text)
    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    request_key: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    problems: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    occurred_at: datetime | None = _moment(nullable=True)
    recorded_at: datetime = _moment()
