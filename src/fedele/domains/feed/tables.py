"""The tables of the feed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Double, Index, Integer, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


class FeedEventRow(Table, table=True):
    """What happened to a card that was shown, with the place and propensity of its showing: what learning reads."""

    __tablename__ = "feed_event"
    __table_args__ = (
        Index("uq_feed_event_shown", "member_id", "shown_id", "kind", unique=True),
        Index(
            "ix_feed_event_member_id_occurred_at",
            "member_id",
            "occurred_at",
            postgresql_include=["kind", "card_kind", "card_key"],
        ),
        Index("ix_feed_event_recorded_at", "recorded_at"),
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
    shown_id: UUID = Field(sa_type=Uuid)
    placement: str = Field(sa_column=Column(Text, nullable=False, server_default="home"))
    features: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))
    choice: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))


class FeedPolicyRow(Table, table=True):
    """A policy that was fitted: factors by the name of a fact. Append-only; replicated."""

    __tablename__ = "feed_policy"
    policy: str = Field(sa_type=Text, primary_key=True)
    factors: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    temperature: float = Field(sa_type=Double)
    fitted_at: datetime = Field(sa_type=DateTime(timezone=True))
    seen_count: int = Field(sa_type=BigInteger)
    tapped_count: int = Field(sa_type=BigInteger)


class FeedPromotionRow(Table, table=True):
    """Which policy ranks from when, who said so, and by which figures. Append-only; replicated."""

    __tablename__ = "feed_promotion"
    __table_args__ = (Index("ix_feed_promotion_promoted_at", "promoted_at"),)
    promotion_id: UUID = Field(sa_type=Uuid, primary_key=True)
    policy: str = Field(sa_type=Text)
    promoted_at: datetime = Field(sa_type=DateTime(timezone=True))
    actor: str = Field(sa_type=Text)
    figures: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
