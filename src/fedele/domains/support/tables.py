"""The tables of support; migration 32 is their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _maybe_id() -> Any:
    return Field(sa_column=Column(Uuid, nullable=True))


def _share() -> Any:
    return Field(sa_column=Column(REAL, nullable=True))


def _texts() -> Any:
    return Field(sa_column=Column(ARRAY(Text), nullable=False))


class TextReadingRow(Table, table=True):
    """What was read out of a member's own words. Deleted by erasure."""

    __tablename__ = "text_reading"
    __table_args__ = (
        Index("ix_text_reading_read_at", "read_at"),
        Index("ix_text_reading_unread", "read_at", postgresql_where=text("model IS NULL")),
        CheckConstraint("source_kind IN ('survey', 'review')", name="source_known"),
        CheckConstraint(
            "(negative IS NULL) = (model IS NULL) AND (neutral IS NULL) = (model IS NULL) "
            "AND (positive IS NULL) = (model IS NULL)",
            name="all_or_no_feeling",
        ),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    source_kind: str = Field(sa_type=Text, primary_key=True)
    source_id: UUID = Field(sa_type=Uuid, primary_key=True)
    part: str = Field(sa_type=Text, primary_key=True)
    read_at: datetime = _moment()
    text_sha256: bytes = Field(sa_type=LargeBinary)
    model: str | None = _text(nullable=True)
    language: str | None = _text(nullable=True)
    negative: float | None = _share()
    neutral: float | None = _share()
    positive: float | None = _share()
    themes: list[str] = _texts()
    urgent_for: list[str] = _texts()
    contradicts: bool


class SupportCaseRow(Table, table=True):
    """A case: who is unhappy about what, whose it is, until when, and what was done."""

    __tablename__ = "support_case"
    __table_args__ = (
        UniqueConstraint("member_id", "source_kind", "source_id", name="uq_support_case_member_id_source"),
        Index(
            "ix_support_case_queue", "urgency", "due_at", "case_id",
            postgresql_where=text("state NOT IN ('resolved', 'closed')"),
        ),
        Index("ix_support_case_resolved_at", "resolved_at", postgresql_where=text("state = 'resolved'")),
        Index(
            "ix_support_case_overdue", "due_at",
            postgresql_where=text("overdue_at IS NULL AND state NOT IN ('resolved', 'closed')"),
        ),
        CheckConstraint(
            "state IN ('open', 'in_progress', 'waiting', 'resolved', 'closed', 'reopened')", name="state_known"
        ),
        CheckConstraint("source_kind IN ('survey', 'review', 'event')", name="source_known"),
        CheckConstraint("urgency BETWEEN 0 AND 2", name="urgency_known"),
        CheckConstraint(
            "(state IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name="resolved_has_a_time"
        ),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_a_time"),
    )  # fmt: skip
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    case_id: UUID = Field(sa_type=Uuid, primary_key=True)
    rule: str = _text()
    source_kind: str = _text()
    source_id: UUID = Field(sa_type=Uuid)
    state: str = _text()
    urgency: int = Field(sa_type=SmallInteger)
    owner: str = _text()
    assignee: str | None = _text(nullable=True)
    opened_at: datetime = _moment()
    due_at: datetime = _moment()
    resolved_at: datetime | None = _moment(nullable=True)
    closed_at: datetime | None = _moment(nullable=True)
    outcome: str | None = _text(nullable=True)
    evidence: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    programme_version: int = Field(sa_type=Integer)
    overdue_at: datetime | None = _moment(nullable=True)


class SupportCaseStepRow(Table, table=True):
    """A move of a case. Append-only."""

    __tablename__ = "support_case_step"
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    case_id: UUID = Field(sa_type=Uuid, primary_key=True)
    step_id: UUID = Field(sa_type=Uuid, primary_key=True)
    at: datetime = _moment()
    actor: str = _text()
    from_state: str | None = _text(nullable=True)
    to_state: str = _text()
    assignee: str | None = _text(nullable=True)


class SupportCaseNoteRow(Table, table=True):
    """What somebody wrote about a case. Deleted by erasure."""

    __tablename__ = "support_case_note"
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    case_id: UUID = Field(sa_type=Uuid, primary_key=True)
    note_id: UUID = Field(sa_type=Uuid, primary_key=True)
    at: datetime = _moment()
    actor: str = _text()
    shown: bool
    words: str = _text()


class MakeGoodRow(Table, table=True):
    """A make-good that was considered, and what came of it. Append-only."""

    __tablename__ = "make_good"
    __table_args__ = (
        UniqueConstraint("member_id", "rule", "cause_id", name="uq_make_good_member_id_cause"),
        CheckConstraint("outcome IN ('given', 'limit', 'budget', 'out_of_stock')", name="outcome_known"),
        CheckConstraint("cause_kind IN ('survey', 'review', 'event')", name="cause_known"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    make_good_id: UUID = Field(sa_type=Uuid, primary_key=True)
    rule: str = _text()
    cause_kind: str = _text()
    cause_id: UUID = Field(sa_type=Uuid)
    outcome: str = _text()
    case_id: UUID | None = _maybe_id()
    currency: str | None = _text(nullable=True)
    units: int = Field(sa_type=BigInteger)
    transaction_id: UUID | None = _maybe_id()
    redemption_id: UUID | None = _maybe_id()
    decided_at: datetime = _moment()
    programme_version: int = Field(sa_type=Integer)


class SupportAskRow(Table, table=True):
    """What a member was asked for, and at which moment."""

    __tablename__ = "support_ask"
    __table_args__ = (
        UniqueConstraint("member_id", "what", "cause_id", name="uq_support_ask_member_id_cause"),
        Index(
            "uq_support_ask_public_review_once", "member_id", unique=True,
            postgresql_where=text("what = 'public_review'"),
        ),
        CheckConstraint("what IN ('public_review', 'referral')", name="what_known"),
    )  # fmt: skip
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    ask_id: UUID = Field(sa_type=Uuid, primary_key=True)
    what: str = _text()
    because: str = _text()
    cause_id: UUID = Field(sa_type=Uuid)
    asked_at: datetime = _moment()
