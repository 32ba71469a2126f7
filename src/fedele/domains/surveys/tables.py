"""The tables of surveys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from fedele.db.base import Table


class SurveyInvitation(Table, table=True):
    """A survey that is, was or will be open to a member, or was not opened, and why. Emptied by erasure."""

    __tablename__ = "survey_invitation"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'open', 'skipped', 'answered', 'expired')", name="state_known"),
        CheckConstraint("(state = 'skipped') = (reason IS NOT NULL)", name="skipped_for_a_reason"),
        CheckConstraint("(state = 'answered') = (answered_at IS NOT NULL)", name="answered_at_some_time"),
        Index("ix_survey_invitation_opens_at", "opens_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_survey_invitation_closes_at", "closes_at", postgresql_where=text("state = 'open'")),
        Index("ix_survey_invitation_skipped", "due_at", postgresql_where=text("state = 'skipped'")),
        Index("ix_survey_invitation_survey_key_opened_at", "survey_key", "opened_at"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    survey_key: str = Field(sa_type=Text, primary_key=True)
    occasion: str = Field(sa_type=Text, primary_key=True)
    state: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    opens_at: datetime = Field(sa_type=DateTime(timezone=True))
    closes_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    opened_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    started_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    answered_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    store_id: str | None = Field(default=None, sa_type=Text)
    tier: str | None = Field(default=None, sa_type=Text)
    segments: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")))


class SurveyDraft(Table, table=True):
    """Answers so far of a survey that is not complete. Personal: may hold a member's words. Emptied by erasure."""

    __tablename__ = "survey_draft"
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    survey_key: str = Field(sa_type=Text, primary_key=True)
    occasion: str = Field(sa_type=Text, primary_key=True)
    answers: dict[str, Any] = Field(sa_type=JSONB)
    saved_at: datetime = Field(sa_type=DateTime(timezone=True))


class SurveyAnswer(Table, table=True):
    """One complete answer. `facts` are the answers without free texts. Emptied by erasure."""

    __tablename__ = "survey_answer"
    __table_args__ = (
        UniqueConstraint("member_id", "survey_key", "occasion"),
        Index("ix_survey_answer_survey_key_answered_at", "survey_key", "answered_at"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    answer_id: UUID = Field(sa_type=Uuid, primary_key=True)
    survey_key: str = Field(sa_type=Text)
    occasion: str = Field(sa_type=Text)
    programme_version: int = Field(sa_type=Integer)
    answered_at: datetime = Field(sa_type=DateTime(timezone=True))
    answers: dict[str, Any] = Field(sa_type=JSONB)
    currency: str | None = Field(default=None, sa_type=Text)
    units: int = Field(sa_type=BigInteger)
    facts: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")})
    edited_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    edits: int = Field(sa_type=Integer, sa_column_kwargs={"server_default": text("0")})
    redemption_id: UUID | None = Field(default=None, sa_type=Uuid)
