"""The tables of earning; migrations 10 and 19 are their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Index, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


class AwardRow(Table, table=True):
    """What a rule gave for a purchase or an event; only `clawed_back_units` ever changes."""

    __tablename__ = "award"
    __table_args__ = (
        Index("ix_award_member_id_source_id", "member_id", "source_id"),
        Index("ix_award_member_id_ledger_transaction_id", "member_id", "ledger_transaction_id"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    award_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_kind: str = Field(sa_column=Column(Text, nullable=False))
    source_id: UUID = Field(sa_type=Uuid)
    rule_key: str = Field(sa_column=Column(Text, nullable=False))
    currency: str = Field(sa_column=Column(Text, nullable=False))
    units: int = Field(sa_column=Column(BigInteger, nullable=False))
    clawed_back_units: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="0"))
    line_numbers: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    line_units: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    line_micros: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False, server_default="{}"))
    usage_periods: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    ledger_transaction_id: UUID | None = Field(sa_column=Column(Uuid, nullable=True))
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))
    occurred_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class EvaluationRow(Table, table=True):
    """Every rule tried for a purchase or an event; append-only."""

    __tablename__ = "evaluation"
    __table_args__ = (Index("ix_evaluation_source_id", "source_id", postgresql_using="brin"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_kind: str = Field(sa_column=Column(Text, nullable=False))
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))
    trace: list[Any] = Field(sa_column=Column(JSONB, nullable=False))


class RuleUsageRow(Table, table=True):
    """How much of a capped rule a member used in a period."""

    __tablename__ = "rule_usage"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    rule_key: str = Field(sa_column=Column(Text, primary_key=True))
    period: str = Field(sa_column=Column(Text, primary_key=True))
    units: int = Field(sa_column=Column(BigInteger, nullable=False))
    times: int = Field(sa_column=Column(Integer, nullable=False))
    last_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ExpiryTierRow(Table, table=True):
    """The last change of tier that the expiry of a member's lots has followed."""

    __tablename__ = "expiry_tier"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    change_id: UUID = Field(sa_type=Uuid)
    followed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
