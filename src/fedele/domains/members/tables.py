"""The tables of members; migration 02 is their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Index, SmallInteger, Text, Uuid, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _of_member() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["member_id"], ["member.member_id"])


class MemberRow(Table, table=True):
    """What survives erasure: a number, a status, dates."""

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'guest', 'erased')", name="status_known"),
        CheckConstraint("(status = 'erased') = (erased_at IS NOT NULL)", name="erased_has_a_date"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    status: str = _text()
    source: str = _text()
    joined_at: datetime = _moment()
    recorded_at: datetime = _moment()
    erased_at: datetime | None = _moment(nullable=True)


class MemberProfileRow(Table, table=True):
    """The person, as they wish to be seen. Deleted by erasure."""

    __tablename__ = "member_profile"
    __table_args__ = (
        _of_member(),
        CheckConstraint("(birthday_month IS NULL) = (birthday_day IS NULL)", name="birthday_whole"),
        Index(
            "ix_member_profile_birthday_month_birthday_day",
            "birthday_month",
            "birthday_day",
            postgresql_where=text("birthday_month IS NOT NULL"),
        ),
        Index(
            "ix_member_profile_home_store", "home_store", "member_id", postgresql_where=text("home_store IS NOT NULL")
        ),
        Index("ix_member_profile_time_zone", "time_zone"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    locale: str = _text()
    time_zone: str = _text()
    display_name: str | None = _text(nullable=True)
    birthday_month: int | None = Field(sa_column=Column(SmallInteger, nullable=True))
    birthday_day: int | None = Field(sa_column=Column(SmallInteger, nullable=True))
    picture_url: str | None = _text(nullable=True)
    background_url: str | None = _text(nullable=True)
    home_store: str | None = _text(nullable=True)
    preferences: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))


class MemberContactRow(Table, table=True):
    """Addresses and numbers in clear, to write to. Deleted by erasure."""

    __tablename__ = "member_contact"
    __table_args__ = (_of_member(),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    value: str = Field(sa_column=Column(Text, primary_key=True))
    added_at: datetime = _moment()


class MemberIdentityRow(Table, table=True):
    """Who holds an identity; keyed and distributed by digest, since it answers "which member?"."""

    __tablename__ = "member_identity"
    __table_args__ = (Index("ix_member_identity_member_id", "member_id"),)

    kind: str = Field(sa_column=Column(Text, primary_key=True))
    digest: bytes = Field(sa_column=Column(BYTEA, primary_key=True))
    pepper_version: int = Field(sa_column=Column(SmallInteger, nullable=False))
    member_id: UUID = Field(sa_type=Uuid)
    linked_at: datetime = _moment()


class MemberConsentRow(Table, table=True):
    """Where the member stands today on one purpose and channel."""

    __tablename__ = "member_consent"
    __table_args__ = (_of_member(),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    purpose: str = Field(sa_column=Column(Text, primary_key=True))
    channel: str = Field(sa_column=Column(Text, primary_key=True))
    granted: bool
    changed_at: datetime = _moment()


class ConsentChangeRow(Table, table=True):
    """The consent history; append-only."""

    __tablename__ = "consent_change"
    __table_args__ = (_of_member(),)

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    change_id: UUID = Field(primary_key=True, sa_type=Uuid)
    purpose: str = _text()
    channel: str = _text()
    granted: bool
    source: str = _text()
    wording: str = _text()
    changed_at: datetime = _moment()


class CardCodeRow(Table, table=True):
    """Card codes by digest; keyed and distributed by it, since a scan asks "which member?"."""

    __tablename__ = "card_code"
    __table_args__ = (
        Index("ix_card_code_member_id", "member_id"),
        CheckConstraint("kind IN ('static', 'rotating')", name="kind_known"),
        CheckConstraint("(revoked_at IS NULL) = (code IS NOT NULL)", name="live_or_cleared"),
        CheckConstraint(
            "revoked_because IN ('lost', 'stolen', 'copied', 'replaced', 'erased')", name="revocation_known"
        ),
    )

    digest: bytes = Field(sa_column=Column(BYTEA, primary_key=True))
    member_id: UUID = Field(sa_type=Uuid)
    kind: str = _text()
    code: str | None = _text(nullable=True)
    issued_at: datetime = _moment()
    revoked_at: datetime | None = _moment(nullable=True)
    revoked_because: str | None = _text(nullable=True)
