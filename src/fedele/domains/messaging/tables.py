"""The tables of messaging; migrations 07 and 33 are their SQL. All of it is deletable, except the decision log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
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
)  # fmt: skip
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
    placement: str = Field(sa_column=Column(Text, nullable=False, server_default="home"))
    rank: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="2"))
    shown_count: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


class MessageDecisionRow(Table, table=True):
    """Why a message was sent, put off or held back; append-only, without personal data."""

    __tablename__ = "message_decision"
    __table_args__ = (
        Index("ix_message_decision_member_id_decided_at", "member_id", "decided_at"),
        Index(
            "uq_message_decision_contact", "member_id", "contact_id", unique=True,
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
        Index(
            "ix_message_decision_campaign_key", "campaign_key", "decided_at",
            postgresql_where=text("campaign_key IS NOT NULL"),
        ),
    )  # fmt: skip

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_id: UUID = Field(primary_key=True, sa_type=Uuid)
    template_key: str = Field(sa_column=Column(Text, primary_key=True))
    channel: str = Field(sa_column=Column(Text, primary_key=True))
    purpose: str = _text()
    outcome: str = _text()
    reason: str = _text()
    decided_at: datetime = _moment()
    send_at: datetime | None = _moment(nullable=True)
    contact_id: UUID | None = Field(default=None, nullable=True, sa_type=Uuid)
    priority: str = Field(sa_column=Column(Text, nullable=False, server_default="normal"))
    campaign_key: str | None = _text(nullable=True)
    variant: str | None = _text(nullable=True)
    exclusive_group: str | None = _text(nullable=True)
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))


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
    contact_id: UUID | None = Field(default=None, nullable=True, sa_type=Uuid)


class MessageLetterRow(Table, table=True):
    """An e-mail, a text or words on the wallet card on its way out; its address is looked up when it leaves."""

    __tablename__ = "message_letter"
    __table_args__ = (
        Index("ix_message_letter_next_at", "next_at", postgresql_where=text("state IN ('queued', 'sending')")),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    source_id: UUID = Field(primary_key=True, sa_type=Uuid)
    template_key: str = Field(sa_column=Column(Text, primary_key=True))
    channel: str = Field(sa_column=Column(Text, primary_key=True))
    contact_id: UUID = Field(sa_type=Uuid)
    purpose: str = _text()
    template_values: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = _text()
    next_at: datetime = _moment()
    expires_at: datetime = _moment()
    attempts_count: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    first_tried_at: datetime | None = _moment(nullable=True)
    provider_id: str | None = _text(nullable=True)
    last_reason: str | None = _text(nullable=True)
    settled_at: datetime | None = _moment(nullable=True)


class MessageAddressBlockRow(Table, table=True):
    """An address of a member's that a provider says does not exist."""

    __tablename__ = "message_address_block"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    channel: str = Field(sa_column=Column(Text, primary_key=True))
    value_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    reason: str = _text()
    blocked_at: datetime = _moment()


class MessageReportRow(Table, table=True):
    """What became of a message; append-only, the first time counts."""

    __tablename__ = "message_report"
    __table_args__ = (Index("ix_message_report_member_id_occurred_at", "member_id", "occurred_at"),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    contact_id: UUID = Field(primary_key=True, sa_type=Uuid)
    what: str = Field(sa_column=Column(Text, primary_key=True))
    occurred_at: datetime = _moment()
    recorded_at: datetime = _moment()


class MessageCampaignRunRow(Table, table=True):
    """One sending of a campaign."""

    __tablename__ = "message_campaign_run"
    __table_args__ = (UniqueConstraint("campaign_key", "due_at"),)

    run_id: UUID = Field(primary_key=True, sa_type=Uuid)
    campaign_key: str = _text()
    due_at: datetime = _moment()
    programme_version: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = _text()
    audience_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    everyone_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    exception_reason: str | None = _text(nullable=True)
    cursor: UUID | None = Field(default=None, nullable=True, sa_type=Uuid)
    judged_count: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="0"))
    sent_count: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="0"))
    started_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
