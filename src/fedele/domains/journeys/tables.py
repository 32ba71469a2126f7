"""The tables of journeys; migration 34 is their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _key() -> Any:
    return Field(primary_key=True, sa_type=Text)


def _text(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_column=Column(Text, nullable=nullable))


def _number(**more: Any) -> Any:
    return Field(sa_column=Column(Integer, nullable=False, **more))


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_column=Column(DateTime(timezone=True), nullable=nullable))


class JourneyRunRow(Table, table=True):
    """Where a member stands in a journey. Emptied by erasure."""

    __tablename__ = "journey_run"
    __table_args__ = (
        UniqueConstraint("member_id", "journey_key", "entry_key", name="uq_journey_run_member_id_journey_key"),
        Index(
            "uq_journey_run_open", "member_id", "journey_key", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("ix_journey_run_due", "next_due", postgresql_where=text("next_due IS NOT NULL")),
        Index("ix_journey_run_journey_key_state", "journey_key", "state", "step_key"),
        CheckConstraint(
            "state IN ('active', 'holdout', 'held', 'declined', 'completed', 'goal', 'exited')", name="state_known"
        ),
        CheckConstraint("(state IN ('active', 'holdout', 'held')) = (ended_at IS NULL)", name="over_has_a_time"),
        CheckConstraint("ended_at IS NULL OR next_due IS NULL", name="over_is_not_due"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    run_id: UUID = Field(primary_key=True, sa_type=Uuid)
    journey_key: str = _text()
    entry_key: str = _text()
    programme_version: int = _number()
    seen_version: int = _number()
    state: str = _text()
    step_key: str | None = _text(nullable=True)
    step_since: datetime = _moment()
    visits: int = _number()
    next_due: datetime | None = _moment(nullable=True)
    entered_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    reason: str | None = _text(nullable=True)
    goal_at: datetime | None = _moment(nullable=True)
    goal_until: datetime | None = _moment(nullable=True)
    arm: str | None = _text(nullable=True)
    attempts: int = _number(server_default="0")


class JourneyVisitRow(Table, table=True):
    """Every step taken, never rewritten. Emptied by erasure."""

    __tablename__ = "journey_visit"
    __table_args__ = (Index("ix_journey_visit_journey_key", "journey_key", "step_key", "outcome"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    run_id: UUID = Field(primary_key=True, sa_type=Uuid)
    visit: int = Field(sa_column=Column(Integer, primary_key=True))
    journey_key: str = _text()
    step_key: str = _text()
    kind: str = _text()
    outcome: str = _text()
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    source_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    at: datetime = _moment()


class JourneyPauseRow(Table, table=True):
    """A journey that stands still. Not a member's: programme keys only."""

    __tablename__ = "journey_pause"
    journey_key: str = _key()
    paused_at: datetime = _moment()
    actor: str = _text()
    reason: str = _text()
