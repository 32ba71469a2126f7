"""The tables of the day's close; migration 22 is their SQL."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, DateTime, ForeignKeyConstraint, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from fedele.db.base import Table


def _instant(*, nullable: bool) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


class ClosingDayRow(Table, table=True):
    """A programme day and its close."""

    __tablename__ = "closing_day"

    day: date = Field(sa_column=Column(Date, primary_key=True))
    ends_at: datetime = Field(sa_column=_instant(nullable=False))
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))
    started_at: datetime = Field(sa_column=_instant(nullable=False))
    finished_at: datetime | None = Field(sa_column=_instant(nullable=True))


class ClosingStepRow(Table, table=True):
    """A step of a day's close, and how far it is planned."""

    __tablename__ = "closing_step"
    __table_args__ = (ForeignKeyConstraint(["day"], ["closing_day.day"], name="fk_closing_step_day"),)

    day: date = Field(sa_column=Column(Date, primary_key=True))
    step: str = Field(sa_column=Column(Text, primary_key=True))
    place: int = Field(sa_column=Column(Integer, nullable=False))
    planned_through: UUID | None = Field(sa_column=Column(Uuid, nullable=True))
    planned_at: datetime | None = Field(sa_column=_instant(nullable=True))
    finished_at: datetime | None = Field(sa_column=_instant(nullable=True))
    members_count: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    changed_count: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    failed_count: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))


class ClosingBatchRow(Table, table=True):
    """Members for whom a step is still to do."""

    __tablename__ = "closing_batch"
    __table_args__ = (
        ForeignKeyConstraint(["day", "step"], ["closing_step.day", "closing_step.step"], name="fk_closing_batch_step"),
    )

    day: date = Field(sa_column=Column(Date, primary_key=True))
    step: str = Field(sa_column=Column(Text, primary_key=True))
    number: int = Field(sa_column=Column(Integer, primary_key=True))
    member_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))


class ClosingFailureRow(Table, table=True):
    """A member whose step failed."""

    __tablename__ = "closing_failure"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    day: date = Field(sa_column=Column(Date, primary_key=True))
    step: str = Field(sa_column=Column(Text, primary_key=True))
    error: str = Field(sa_column=Column(Text, nullable=False))
    failed_at: datetime = Field(sa_column=_instant(nullable=False))


class ExpiryAnnouncementRow(Table, table=True):
    """An expiry that the member was told of."""

    __tablename__ = "expiry_announcement"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    currency: str = Field(sa_column=Column(Text, primary_key=True))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    units: int = Field(sa_column=Column(BigInteger, nullable=False))
    announced_at: datetime = Field(sa_column=_instant(nullable=False))
