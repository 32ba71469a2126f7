"""The database floor's own tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table

NOW = text("now()")


class MemberVersion(Table, table=True):
    """One narrow row a member: the lock that makes their operations serial, and the version their phones cache by."""

    __tablename__ = "member_version"
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    version: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class Outbox(Table, table=True):
    """Announcements waiting for the relay. Written in the transaction they tell of; deleted when turned into jobs."""

    __tablename__ = "outbox"
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    id: UUID = Field(sa_type=Uuid, primary_key=True)
    kind: str = Field(sa_type=Text)
    payload: dict[str, Any] = Field(sa_type=JSONB)
    occurred_at: datetime = Field(sa_type=DateTime(timezone=True))
    recorded_at: datetime = Field(
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": NOW},
    )


class Request(Table, table=True):
    """Idempotency: what was asked under a key and what was answered. Distributed by scope, not by member, on purpose:
    a retry may not know yet which member the first attempt chose."""

    __tablename__ = "request"
    scope: str = Field(sa_type=Text, primary_key=True)
    key: str = Field(sa_type=Text, primary_key=True)
    input_hash: bytes = Field(sa_type=LargeBinary)
    member_id: UUID | None = Field(default=None, sa_type=Uuid)
    response: Any = Field(default=None, sa_type=JSONB, nullable=True)
    recorded_at: datetime = Field(
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": NOW},
    )
