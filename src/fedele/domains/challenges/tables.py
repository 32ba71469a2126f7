"""The tables of challenges; migration 24 is their SQL."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _key() -> Any:
    return Field(sa_column=Column(Text, primary_key=True))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _uuid(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Uuid, nullable=nullable))


def _big() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False))


class ChallengeJoiningRow(Table, table=True):
    """Who joined an opt-in challenge or streak. Emptied by erasure."""

    __tablename__ = "challenge_joining"
    __table_args__ = (CheckConstraint("kind IN ('challenge', 'streak')", name="kind_known"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    kind: str = _key()
    challenge_key: str = _key()
    joined_at: datetime = _moment()


class ChallengeContributionRow(Table, table=True):
    """What one purchase or event counts for. Emptied by erasure."""

    __tablename__ = "challenge_contribution"
    __table_args__ = (
        Index("ix_challenge_contribution_member_id_source_id", "member_id", "source_id"),
        CheckConstraint("kind IN ('challenge', 'streak')", name="kind_known"),
        CheckConstraint("source_kind IN ('purchase', 'event')", name="source_known"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    kind: str = _key()
    challenge_key: str = _key()
    source_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_kind: str = _text()
    period: str = _text()
    occurred_at: datetime = _moment()
    counted: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    amount: int = _big()
    counted_values: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))


class ChallengeAwardRow(Table, table=True):
    """What was given for a step, and whether a return took it back."""

    __tablename__ = "challenge_award"
    __table_args__ = (
        UniqueConstraint(
            "member_id", "kind", "challenge_key", "period", "step", "nth", name="uq_challenge_award_member_id_kind"
        ),
        Index("ix_challenge_award_kind_challenge_key", "kind", "challenge_key"),
        CheckConstraint("kind IN ('challenge', 'streak', 'surprise')", name="kind_known"),
        CheckConstraint("state IN ('given', 'revoked')", name="state_known"),
        CheckConstraint("(state = 'revoked') = (revoked_at IS NOT NULL)", name="revoked_has_a_time"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    award_id: UUID = Field(primary_key=True, sa_type=Uuid)
    kind: str = _text()
    challenge_key: str = _text()
    period: str = _text()
    step: str = _text()
    nth: int = Field(sa_column=Column(Integer, nullable=False))
    needed: int = _big()
    state: str = _text()
    attempt: int = Field(sa_column=Column(Integer, nullable=False))
    currency: str | None = _text(nullable=True)
    units: int = _big()
    transaction_id: UUID | None = _uuid(nullable=True)
    redemption_id: UUID | None = _uuid(nullable=True)
    badge_key: str | None = _text(nullable=True)
    source_id: UUID = _uuid()
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))
    given_at: datetime = _moment()
    revoked_at: datetime | None = _moment(nullable=True)


class MemberBadgeRow(Table, table=True):
    """Badges in hand. Emptied by erasure."""

    __tablename__ = "member_badge"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    badge_key: str = _key()
    earned_at: datetime = _moment()
    source_kind: str = _text()
    source_key: str = _text()


class SurpriseDrawRow(Table, table=True):
    """Every draw, won or lost; append-only."""

    __tablename__ = "surprise_draw"
    __table_args__ = (CheckConstraint("outcome IN ('won', 'lost', 'budget', 'member_limit')", name="outcome_known"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    surprise_key: str = _key()
    source_id: UUID = Field(primary_key=True, sa_type=Uuid)
    drawn: int = _big()
    threshold: int = _big()
    outcome: str = _text()
    occurred_at: datetime = _moment()
    decided_at: datetime = _moment()
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))


class SurpriseDayRow(Table, table=True):
    """The day's budget of a surprise: one row a surprise and day, so that it cannot be overdrawn."""

    __tablename__ = "surprise_day"
    __table_args__ = (CheckConstraint("given >= 0", name="given_not_negative"),)

    surprise_key: str = _key()
    day: date = Field(sa_column=Column(Date, primary_key=True))
    given: int = _big()
