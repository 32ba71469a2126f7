"""The wallet's tables, as migrations 20261121_15_wallet, 20261122_38_wallet and 20261123_39_passes make them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, Uuid

from fedele.db.base import Table


class PassRow(Table, table=True):
    """A pass of a member. Serial and authentication token are in phones' hands and never change."""

    __tablename__ = "pass"
    __table_args__ = (
        CheckConstraint("length(authentication_token) >= 16", name="token_length"),
        CheckConstraint("update_tag > 0", name="update_tag"),
        CheckConstraint("updated_at = date_trunc('second', updated_at)", name="whole_seconds"),
        CheckConstraint("kind IN ('card', 'reward', 'offer', 'ticket')", name="kind"),
        CheckConstraint("(kind = 'card') = (subject_id IS NULL)", name="subject"),
        UniqueConstraint("member_id", "kind", "subject_id", postgresql_nulls_not_distinct=True),
        Index(
            "ix_pass_expires_at", "expires_at", postgresql_where=text("voided_at IS NULL AND expires_at IS NOT NULL")
        ),
    )

    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    serial: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'card'")))
    subject_id: UUID | None = Field(default=None, sa_type=Uuid, nullable=True)
    authentication_token: str = Field(sa_type=Text)
    update_tag: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("1")))
    content_digest: bytes = Field(sa_type=LargeBinary)
    issued_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    voided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True), nullable=True)
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


class PassDeviceRow(Table, table=True):
    """A phone that holds a pass, under the name it chose itself, and the address to push to."""

    __tablename__ = "pass_device"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "serial"], ["pass.member_id", "pass.serial"], ondelete="CASCADE"),
        Index("ix_pass_device_device_library_identifier", "device_library_identifier"),
    )

    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    serial: str = Field(sa_type=Text, primary_key=True)
    device_library_identifier: str = Field(sa_type=Text, primary_key=True)
    push_token: str = Field(sa_type=Text)
    registered_at: datetime = Field(sa_type=DateTime(timezone=True))


class GoogleCardRow(Table, table=True):
    """The loyalty object that stands for a card at Google."""

    __tablename__ = "google_card"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "serial"], ["pass.member_id", "pass.serial"], ondelete="CASCADE"),
        CheckConstraint("written_tag >= 0 AND attempts >= 0 AND notified_count >= 0", name="counts"),
        Index("ix_google_card_next_try_at", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")),
    )

    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    serial: str = Field(sa_type=Text, primary_key=True)
    written_tag: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    next_try_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True), nullable=True)
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    problem: str | None = Field(default=None, sa_type=Text, nullable=True)
    notified_on: date | None = Field(default=None, sa_type=Date, nullable=True)
    notified_count: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    saved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True), nullable=True)
    removed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True), nullable=True)
    message_digest: str | None = Field(default=None, sa_type=Text, nullable=True)


class GoogleCallbackRow(Table, table=True):
    """A callback of Google's that was heard."""

    __tablename__ = "google_callback"

    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    nonce: str = Field(sa_type=Text, primary_key=True)
    heard_at: datetime = Field(sa_type=DateTime(timezone=True))
