"""The jobs floor's own tables; the job library's tables (pgqueuer…) are its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid
from sqlmodel import Field

from fedele.db.base import Table


class ScheduleRow(Table, table=True):
    """When a piece of time-driven work is next due."""

    __tablename__ = "schedule"
    name: str = Field(sa_type=Text, primary_key=True)
    next_run_at: datetime = Field(sa_type=DateTime(timezone=True))


class Worker(Table, table=True):
    """A living worker."""

    __tablename__ = "worker"
    id: UUID = Field(sa_type=Uuid, primary_key=True)
    started_at: datetime = Field(sa_type=DateTime(timezone=True))
    seen_at: datetime = Field(sa_type=DateTime(timezone=True))
