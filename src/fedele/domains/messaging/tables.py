"""The tables of messaging; migration 07 is their SQL. All of it is deletable, except the decision log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class PushTargetRow(Table, table=True):
    """An installation of the app that may be pushed to. `value` addresses it: stored, never logged."""

    __tablename__ = "push_target"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    target_id: UUID = Field(primary_key=True, sa_type=Uuid)
    kind: str = _text()
    value: str = _text()
    platform: str = _text()
    app_version: str | None = _text(nullable=True)
    locale: str | None = _text(nullable=True)
    time_zone: str | None = _text(nullable=True)
    permission: str = _text()
    registered_at: datetime = _moment()
    last_seen_at: datetime = _moment()


class PushTargetOwnerRow(Table, table=True):
    """Who holds a target: one member at a time. Keyed by the target, since a move concerns two members."""

    __tablename__ = "push_target_owner"

    kind: str = Field(sa_column=Column(Text, primary_key=True))
    value_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    member_id: UUID = Field(sa_type=Uuid)
    target_id: UUID = Field(sa_type=Uuid)


class InAppMessageRow(Table, table=True):
    """A message in the app: a template and its values. The words are chosen when it is read."""

    __tablename__ = "in_app_message"
    __table_args__ = (UniqueConstraint("member_id", "source_id", "template_key"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    message_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_id: UUID = Field(sa_type=Uuid)
    template_key: str = _text()
    template_values: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    display: str = _text()
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    seen_at: datetime | None = _moment(nullable=True)
    dismissed_at: datetime | None = _moment(nullable=True)


class MessageDecisionRow(Table, table=True):
    """Why a message was sent, put off or held back; append-only, without personal data."""

    __tablename__ = "message_decision"
    __table_args__ = (Index("ix_message_decision_member_id_decided_at", "member_id", "decided_at"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_id: UUID = Field(primary_key=True, sa_type=Uuid)
    template_key: str = Field(sa_column=Column(Text, primary_key=True))
    channel: str = Field(sa_column=Column(Text, primary_key=True))
    purpose: str = _text()
    outcome: str = _text()
    reason: str = _text()
    decided_at: datetime = _moment()
    send_at: datetime | None = _moment(nullable=True)


class PushSendRow(Table, table=True):
    """One push to one target on its way out. `next_at`: when to send it, or until when a worker holds it."""

    __tablename__ = "push_send"
    __table_args__ = (
        Index("ix_push_send_next_at", "next_at", postgresql_where=text("state IN ('queued', 'sending')")),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_id: UUID = Field(primary_key=True, sa_type=Uuid)
    template_key: str = Field(sa_column=Column(Text, primary_key=True))
    target_id: UUID = Field(primary_key=True, sa_type=Uuid)
    purpose: str = _text()
    template_values: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = _text()
    next_at: datetime = _moment()
    expires_at: datetime = _moment()
    attempts_count: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    provider_id: str | None = _text(nullable=True)
    last_reason: str | None = _text(nullable=True)
    settled_at: datetime | None = _moment(nullable=True)
