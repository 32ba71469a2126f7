"""The tables of auth; migration 06 is their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _bytes(nullable: bool = False, primary_key: bool = False) -> Any:
    return Field(sa_column=Column(BYTEA, nullable=nullable, primary_key=primary_key))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class OtpChallengeRow(Table, table=True):
    """A code that was sent; swept an hour after it expires."""

    __tablename__ = "otp_challenge"
    __table_args__ = (
        Index("ix_otp_challenge_expires_at", "expires_at"),
        CheckConstraint("attempts_left >= 0", name="attempts_bounded"),
    )

    challenge_id: UUID = Field(primary_key=True, sa_type=Uuid)
    kind: str = _text()
    identity_digest: bytes = _bytes()
    code_digest: bytes = _bytes()
    attempts_left: int = Field(sa_column=Column(SmallInteger, nullable=False))
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    used_at: datetime | None = _moment(nullable=True)


class RefreshFamilyRow(Table, table=True):
    """A login on one device."""

    __tablename__ = "refresh_family"
    __table_args__ = (
        Index("ix_refresh_family_expires_at", "expires_at"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_because IS NULL)", name="revoked_because"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    family_id: UUID = Field(primary_key=True, sa_type=Uuid)
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    revoked_at: datetime | None = _moment(nullable=True)
    revoked_because: str | None = _text(nullable=True)


class RefreshTokenRow(Table, table=True):
    """One-time tokens of a family, by digest."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        UniqueConstraint("member_id", "family_id", "generation"),
        ForeignKeyConstraint(
            ["member_id", "family_id"], ["refresh_family.member_id", "refresh_family.family_id"], ondelete="CASCADE"
        ),
        CheckConstraint("(exchanged_at IS NULL) = (successor_salt IS NULL)", name="exchanged_has_salt"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    family_id: UUID = Field(primary_key=True, sa_type=Uuid)
    token_digest: bytes = _bytes(primary_key=True)
    generation: int = Field(sa_column=Column(Integer, nullable=False))
    issued_at: datetime = _moment()
    exchanged_at: datetime | None = _moment(nullable=True)
    successor_salt: bytes | None = _bytes(nullable=True)


class ApiKeyRow(Table, table=True):
    """Keys of staff, tills and integrations."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("kind IN ('staff', 'till', 'service')", name="kind_known"),)

    key_id: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = _text()
    name: str = _text()
    secret_digest: bytes = _bytes()
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    store_id: str | None = _text(nullable=True)
    created_at: datetime = _moment()
    expires_at: datetime | None = _moment(nullable=True)
    revoked_at: datetime | None = _moment(nullable=True)
    last_used_at: datetime | None = _moment(nullable=True)


class RateLimitRow(Table, table=True):
    """Leaky buckets, by digest. Unlogged."""

    __tablename__ = "rate_limit"
    __table_args__ = (Index("ix_rate_limit_drains_at", "drains_at"), {"prefixes": ["UNLOGGED"]})

    digest: bytes = _bytes(primary_key=True)
    drains_at: datetime = _moment()
