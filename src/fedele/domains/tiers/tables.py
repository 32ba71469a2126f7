"""The tables of tiers; migrations 09 and 20 are their SQL."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


class TierCounterRow(Table, table=True):
    """What qualified on a programme day; a return lowers the day of its purchase."""

    __tablename__ = "tier_counter"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    counter: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))


class TierStandingRow(Table, table=True):
    """The tier a member has now."""

    __tablename__ = "tier_standing"
    __table_args__ = (
        Index("ix_tier_standing_kept_until", "kept_until", postgresql_where=text("kept_until IS NOT NULL")),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    tier_key: str | None = Field(sa_column=Column(Text, nullable=True))
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    kept_until: datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    grants: list[Any] = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'[]'")))
    earned_tier: str | None = Field(sa_column=Column(Text, nullable=True))
    earned_since: datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    earned_until: datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))


class TierGrantRow(Table, table=True):
    """A tier that was given by hand or by a membership, with who, why and until when."""

    __tablename__ = "tier_grant"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    grant_id: UUID = Field(primary_key=True, sa_type=Uuid)
    tier_key: str = Field(sa_column=Column(Text, nullable=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    granted_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    until: datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    ended_at: datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    ended_by: str | None = Field(sa_column=Column(Text, nullable=True))


class TierChangeRow(Table, table=True):
    """Every change of tier; append-only. `occurred_at` is when the new tier began to count."""

    __tablename__ = "tier_change"
    __table_args__ = (Index("ix_tier_change_member_id_occurred_at", "member_id", "occurred_at"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    change_id: UUID = Field(primary_key=True, sa_type=Uuid)
    from_tier: str | None = Field(sa_column=Column(Text, nullable=True))
    to_tier: str | None = Field(sa_column=Column(Text, nullable=True))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    occurred_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    kept_until: datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))
