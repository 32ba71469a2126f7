"""The tables of the community; migration 32 is their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table

Octets = bytes  # a column is called bytes, and a class body knows no other


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _units() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))


def _maybe_id() -> Any:
    return Field(sa_column=Column(Uuid, nullable=True))


def _decided() -> tuple[CheckConstraint, CheckConstraint]:
    return (
        CheckConstraint("state IN ('pending', 'approved', 'rejected')", name="state_known"),
        CheckConstraint(
            "(state = 'pending') = (decided_at IS NULL) AND (decided_at IS NULL) = (actor IS NULL)",
            name="decided_by_somebody",
        ),
    )


class PictureRow(Table, table=True):
    """A picture drawn anew from what a member sent. Deleted by erasure."""

    __tablename__ = "member_picture"
    __table_args__ = (
        UniqueConstraint("member_id", "sha256"),
        Index("ix_member_picture_picture_id", "picture_id"),
        Index("ix_member_picture_member_id_uploaded_at", "member_id", "uploaded_at"),
        Index("ix_member_picture_uploaded_at", "uploaded_at"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    picture_id: UUID = Field(sa_type=Uuid, primary_key=True)
    uploaded_at: datetime = _moment()
    width: int = Field(sa_type=Integer)
    height: int = Field(sa_type=Integer)
    sha256: bytes = Field(sa_type=LargeBinary)
    bytes: Octets = Field(sa_column=Column(LargeBinary, nullable=False))


class ReviewRow(Table, table=True):
    """A member's review of one product or store."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("member_id", "about", "subject", name="uq_review_member_id_about"),
        ForeignKeyConstraint(
            ["member_id", "picture_id"],
            ["member_picture.member_id", "member_picture.picture_id"],
            name="fk_review_member_id_member_picture",
        ),
        Index("ix_review_state_submitted_at", "state", "submitted_at", "review_id"),
        Index("ix_review_about_subject", "about", "subject", "state"),
        CheckConstraint("about IN ('product', 'store')", name="about_known"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars_in_range"),
        *_decided(),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    review_id: UUID = Field(sa_type=Uuid, primary_key=True)
    about: str = _text()
    subject: str = _text()
    stars: int = Field(sa_type=SmallInteger)
    body: str | None = _text(nullable=True)
    picture_id: UUID | None = _maybe_id()
    locale: str | None = _text(nullable=True)
    verified: bool
    state: str = _text()
    submitted_at: datetime = _moment()
    decided_at: datetime | None = _moment(nullable=True)
    actor: str | None = _text(nullable=True)
    reason: str | None = _text(nullable=True)
    currency: str | None = _text(nullable=True)
    units: int = _units()
    transaction_id: UUID | None = _maybe_id()
    redemption_id: UUID | None = _maybe_id()


class ContestEntryRow(Table, table=True):
    """A picture entered in a contest."""

    __tablename__ = "contest_entry"
    __table_args__ = (
        UniqueConstraint("member_id", "contest_key", "nth", name="uq_contest_entry_member_id_contest_key"),
        ForeignKeyConstraint(
            ["member_id", "picture_id"],
            ["member_picture.member_id", "member_picture.picture_id"],
            name="fk_contest_entry_member_id_member_picture",
        ),
        Index("ix_contest_entry_state_submitted_at", "state", "submitted_at", "entry_id"),
        Index("ix_contest_entry_contest_key", "contest_key", "state", "entry_id"),
        *_decided(),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    entry_id: UUID = Field(sa_type=Uuid, primary_key=True)
    contest_key: str = _text()
    nth: int = Field(sa_type=Integer)
    picture_id: UUID | None = _maybe_id()
    caption: str | None = _text(nullable=True)
    state: str = _text()
    submitted_at: datetime = _moment()
    decided_at: datetime | None = _moment(nullable=True)
    actor: str | None = _text(nullable=True)
    reason: str | None = _text(nullable=True)
    currency: str | None = _text(nullable=True)
    units: int = _units()
    transaction_id: UUID | None = _maybe_id()
    redemption_id: UUID | None = _maybe_id()


class ContestVoteRow(Table, table=True):
    """One member's vote in a contest."""

    __tablename__ = "contest_vote"
    __table_args__ = (Index("ix_contest_vote_contest_key_entry_id", "contest_key", "entry_id"),)
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    contest_key: str = Field(sa_type=Text, primary_key=True)
    entry_id: UUID = Field(sa_type=Uuid)
    voted_at: datetime = _moment()


class ContestResultRow(Table, table=True):
    """How a contest was decided. Append-only."""

    __tablename__ = "contest_result"
    contest_key: str = Field(sa_type=Text, primary_key=True)
    decided_at: datetime = _moment()
    seed: str = _text()
    entries_count: int = Field(sa_type=Integer)
    winners: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    actor: str = _text()


class GatheringSeatRow(Table, table=True):
    """How many seats of a gathering are taken."""

    __tablename__ = "gathering_seat"
    __table_args__ = (CheckConstraint("taken >= 0", name="not_negative"),)
    gathering_key: str = Field(sa_type=Text, primary_key=True)
    taken: int = Field(sa_type=Integer)


class GatheringPlaceRow(Table, table=True):
    """A member's place at a gathering, or in the line for one."""

    __tablename__ = "gathering_place"
    __table_args__ = (
        Index("ix_gathering_place_gathering_key", "gathering_key", "state", "asked_at"),
        CheckConstraint("state IN ('joined', 'waiting', 'left', 'attended')", name="state_known"),
        CheckConstraint("(state = 'attended') = (attended_at IS NOT NULL)", name="attended_has_a_time"),
        CheckConstraint("guests >= 0", name="guests_not_negative"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    gathering_key: str = Field(sa_type=Text, primary_key=True)
    place_id: UUID = Field(sa_type=Uuid)
    guests: int = Field(sa_type=SmallInteger)
    state: str = _text()
    asked_at: datetime = _moment()
    attended_at: datetime | None = _moment(nullable=True)
    actor: str | None = _text(nullable=True)
    currency: str | None = _text(nullable=True)
    units: int = _units()
    transaction_id: UUID | None = _maybe_id()
    redemption_id: UUID | None = _maybe_id()
