"""The tables of referrals; migration 25 is their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _uuid(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Uuid, nullable=nullable))


def _units() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False))


class ReferralCodeRow(Table, table=True):
    """The member's own code. Deleted by erasure."""

    __tablename__ = "referral_code"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    code: str = _text()
    issued_at: datetime = _moment()


class ReferralCodeOwnerRow(Table, table=True):
    """Whose code it is; keyed and distributed by the code. Deleted by erasure."""

    __tablename__ = "referral_code_owner"

    code: str = Field(sa_column=Column(Text, primary_key=True))
    member_id: UUID = _uuid()


class ReferralRow(Table, table=True):
    """The friend's side of a referral: one a friend."""

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_due_at", "due_at", postgresql_where=text("state = 'open' AND due_at IS NOT NULL")),
        Index(
            "ix_referral_expires_at",
            "expires_at",
            postgresql_where=text("state IN ('open', 'held') AND expires_at IS NOT NULL"),
        ),
        Index("ix_referral_state_applied_at", "state", "applied_at"),
        CheckConstraint(
            "state IN ('applied', 'held', 'open', 'settled', 'refused', 'revoked', 'expired')", name="state_known"
        ),
        CheckConstraint("member_id <> referrer_id", name="not_oneself"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    referral_id: UUID = _uuid()
    referrer_id: UUID = _uuid()
    state: str = _text()
    reason: str | None = _text(nullable=True)
    applied_at: datetime = _moment()
    expires_at: datetime | None = _moment(nullable=True)
    purchase_id: UUID | None = _uuid(nullable=True)
    due_at: datetime | None = _moment(nullable=True)
    settled_at: datetime | None = _moment(nullable=True)
    ended_at: datetime | None = _moment(nullable=True)
    currency: str | None = _text(nullable=True)
    units: int = _units()
    transaction_id: UUID | None = _uuid(nullable=True)
    redemption_id: UUID | None = _uuid(nullable=True)


class ReferralBroughtRow(Table, table=True):
    """The referrer's side of a referral."""

    __tablename__ = "referral_brought"
    __table_args__ = (
        Index("ix_referral_brought_member_id_admitted_at", "member_id", "admitted_at"),
        CheckConstraint(
            "state IN ('open', 'held', 'paid', 'unpaid', 'refused', 'revoked', 'expired')", name="state_known"
        ),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    referral_id: UUID = Field(primary_key=True, sa_type=Uuid)
    friend_id: UUID = _uuid()
    state: str = _text()
    reason: str | None = _text(nullable=True)
    admitted_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    currency: str | None = _text(nullable=True)
    units: int = _units()
    transaction_id: UUID | None = _uuid(nullable=True)
    redemption_id: UUID | None = _uuid(nullable=True)


class ReferralCheckRow(Table, table=True):
    """Every decision about a code that was applied; append-only, but erasure empties what an operator wrote."""

    __tablename__ = "referral_check"
    __table_args__ = (
        CheckConstraint("outcome IN ('admitted', 'held', 'refused', 'approved', 'rejected')", name="outcome_known"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    check_id: UUID = Field(primary_key=True, sa_type=Uuid)
    referral_id: UUID | None = _uuid(nullable=True)
    outcome: str = _text()
    reason: str = _text()
    actor: str = _text()
    decided_at: datetime = _moment()


class ReferralMarkRow(Table, table=True):
    """Keyed digests to compare members by. Deleted by erasure."""

    __tablename__ = "referral_mark"
    __table_args__ = (
        Index("ix_referral_mark_kind_digest", "kind", "digest"),
        CheckConstraint("kind IN ('email_alias', 'phone', 'device', 'card')", name="kind_known"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    digest: bytes = Field(sa_column=Column(BYTEA, primary_key=True))
    seen_at: datetime = _moment()
