"""The tables of segments; migration 35 is their SQL."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _texts(**more: Any) -> Any:
    return Field(sa_column=Column(ARRAY(Text), nullable=False, **more))


def _map() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _day(nullable: bool = True) -> Any:
    return Field(sa_column=Column(Date, nullable=nullable))


def _count() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False))


def _counts() -> Any:
    return Field(sa_column=Column(ARRAY(BigInteger), nullable=False))


def _small() -> Any:
    return Field(sa_column=Column(SmallInteger, nullable=True))


class MemberFactsRow(Table, table=True):
    """What conditions of segments read of one member. Deleted by erasure; can be made again from the other rooms."""

    __tablename__ = "member_facts"
    __table_args__ = (
        Index("ix_member_facts_stale_at", "stale_at", postgresql_where=text("stale_at IS NOT NULL")),
        Index(
            "ix_member_facts_birthday_month_birthday_day",
            "birthday_month",
            "birthday_day",
            postgresql_where=text("birthday_month IS NOT NULL"),
        ),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    version: int = _count()
    as_of: datetime = _moment()
    stale_at: datetime | None = _moment(nullable=True)
    active: bool = Field(sa_column=Column(Boolean, nullable=False))
    joined_at: datetime = _moment()
    joined_day: date = _day(nullable=False)
    first_purchase_at: datetime | None = _moment(nullable=True)
    last_purchase_day: date | None = _day()
    last_visit_day: date | None = _day()
    last_redemption_day: date | None = _day()
    purchases_count: int = _count()
    purchases_30: int = _count()
    purchases_90: int = _count()
    purchases_365: int = _count()
    spend_30: int = _count()
    spend_90: int = _count()
    spend_365: int = _count()
    redemptions_365: int = _count()
    usual_gap_days: float | None = Field(sa_column=Column(Double, nullable=True))
    birthday_month: int | None = _small()
    birthday_day: int | None = _small()
    tier: str = _text()
    locale: str | None = _text(nullable=True)
    country: str | None = _text(nullable=True)
    time_zone: str | None = _text(nullable=True)
    home_store: str | None = _text(nullable=True)
    memberships: list[str] = _texts()
    badges: list[str] = _texts()
    categories: list[str] = _texts()
    departments: list[str] = _texts()
    stores: list[str] = _texts()
    channels: list[str] = _texts()
    consents: list[str] = _texts()
    segments: list[str] = _texts(server_default=text("'{}'"))
    balances: dict[str, Any] = _map()
    events: dict[str, Any] = _map()
    attributes: dict[str, Any] = _map()
    answers: dict[str, Any] = _map()


class SegmentMemberRow(Table, table=True):
    """The last stint of a member in a segment, and what was announced of it. Deleted by erasure."""

    __tablename__ = "segment_member"
    __table_args__ = (
        CheckConstraint("entries_count > 0", name="entries_positive"),
        CheckConstraint("left_at >= entered_at", name="left_after_entry"),
        Index("ix_segment_member_inside", "segment_key", "member_id", postgresql_where=text("left_at IS NULL")),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    segment_key: str = Field(sa_column=Column(Text, primary_key=True))
    entered_at: datetime = _moment()
    left_at: datetime | None = _moment(nullable=True)
    entries_count: int = _count()
    entry_announced_at: datetime | None = _moment(nullable=True)
    exit_announced_at: datetime | None = _moment(nullable=True)


class SegmentRefreshRow(Table, table=True):
    """When a segment was last looked at as a whole, under which definition, and how big it then was."""

    __tablename__ = "segment_refresh"

    segment_key: str = Field(sa_column=Column(Text, primary_key=True))
    definition: str = _text()
    refreshed_at: datetime = _moment()
    members_count: int = _count()
    compiled: bool = Field(sa_column=Column(Boolean, nullable=False))
    milliseconds: int = _count()


class RfmCutRow(Table, table=True):
    """Cut points of recency, frequency and monetary value as measured on a date; append-only."""

    __tablename__ = "rfm_cut"

    measured_at: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    recency_days: list[int] = _counts()
    frequency: list[int] = _counts()
    monetary_minor: list[int] = _counts()
    members_count: int = _count()
