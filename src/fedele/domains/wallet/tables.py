"""The wallet's tables, as migration 20261121_15_wallet makes them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
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
    )

    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    serial: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'card'")))
    authentication_token: str = Field(sa_type=Text)
    update_tag: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("1")))
    content_digest: bytes = Field(sa_type=LargeBinary)
    issued_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    voided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


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
