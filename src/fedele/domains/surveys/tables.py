"""The tables of surveys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Integer, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


class SurveyAnswer(Table, table=True):
    """One complete answer. `occasion` is the purchase it is about, or ''. Emptied by erasure."""

    __tablename__ = "survey_answer"
    __table_args__ = (UniqueConstraint("member_id", "survey_key", "occasion"),)
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    answer_id: UUID = Field(sa_type=Uuid, primary_key=True)
    survey_key: str = Field(sa_type=Text)
    occasion: str = Field(sa_type=Text)
    programme_version: int = Field(sa_type=Integer)
    answered_at: datetime = Field(sa_type=DateTime(timezone=True))
    answers: dict[str, Any] = Field(sa_type=JSONB)
    currency: str | None = Field(default=None, sa_type=Text)
    units: int = Field(sa_type=BigInteger)
