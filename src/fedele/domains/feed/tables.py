"""The tables of the feed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Double, Index, Integer, Text, Uuid, text
from sqlmodel import Field

from fedele.db.base import Table


class FeedEventRow(Table, table=True):
    """What happened to a card that was shown, with the place and propensity of its showing: what learning reads."""

    __tablename__ = "feed_event"
    __table_args__ = (
        Index("ix_feed_event_dismissed", "member_id", "occurred_at", postgresql_where=text("kind = 'dismissed'")),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    event_id: UUID = Field(sa_type=Uuid, primary_key=True)
    kind: str = Field(sa_type=Text)
    card_kind: str = Field(sa_type=Text)
    card_key: str = Field(sa_type=Text)
    slot: int = Field(sa_type=Integer)
    propensity: float = Field(sa_type=Double)
    epoch: int = Field(sa_type=BigInteger)
    policy: str = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=DateTime(timezone=True))
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
