"""The tables of offers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, DateTime, Double, Index, Integer, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


class OfferClaim(Table, table=True):
    """An offer that a member activated; used up by one purchase."""

    __tablename__ = "offer_claim"
    __table_args__ = (
        Index("ix_offer_claim_member_id_offer_key", "member_id", "offer_key", "claimed_at"),
        CheckConstraint("usable_until > claimed_at", name="usable_after_claim"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    claim_id: UUID = Field(sa_type=Uuid, primary_key=True)
    offer_key: str = Field(sa_type=Text)
    programme_version: int = Field(sa_type=Integer)
    claimed_at: datetime = Field(sa_type=DateTime(timezone=True))
    usable_until: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    purchase_id: UUID | None = Field(default=None, sa_type=Uuid)
    variant: str | None = Field(default=None, sa_type=Text)


class OfferTotal(Table, table=True):
    """How many claims are gone of an offer that has a total: one row an offer, whose lock is the hard stop."""

    __tablename__ = "offer_total"
    offer_key: str = Field(sa_type=Text, primary_key=True)
    claimed: int = Field(sa_type=BigInteger)


class MemberPosition(Table, table=True):
    """Where a phone said it was, and whether it was believed. Kept as long as the programme says."""

    __tablename__ = "member_position"
    __table_args__ = (
        CheckConstraint("kind IN ('position', 'check_in')", name="kind_known"),
        Index("ix_member_position_member_id_seen_at", "member_id", "seen_at"),
        Index("ix_member_position_cell_seen_at", "cell", "seen_at", postgresql_where=sql("verdict = 'believed'")),
        Index("ix_member_position_kept_until", "kept_until"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    position_id: UUID = Field(sa_type=Uuid, primary_key=True)
    latitude: float = Field(sa_type=Double)
    longitude: float = Field(sa_type=Double)
    accuracy_metres: float | None = Field(default=None, sa_type=Double)
    cell: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    place_key: str | None = Field(default=None, sa_type=Text)
    seen_at: datetime = Field(sa_type=DateTime(timezone=True))
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
    kept_until: datetime = Field(sa_type=DateTime(timezone=True))


class OfferDecision(Table, table=True):
    """What a trigger decided about a member and an offer, and why: fired once an occasion."""

    __tablename__ = "offer_decision"
    __table_args__ = (
        CheckConstraint("outcome IN ('fired', 'refused')", name="outcome_known"),
        CheckConstraint("(outcome = 'refused') = (code IS NOT NULL)", name="refusal_has_a_code"),
        Index(
            "uq_offer_decision_fired",
            "member_id",
            "offer_key",
            "occasion",
            unique=True,
            postgresql_where=sql("outcome = 'fired'"),
        ),
        Index(
            "uq_offer_decision_refused",
            "member_id",
            "offer_key",
            "occasion",
            "code",
            unique=True,
            postgresql_where=sql("outcome = 'refused'"),
        ),
        Index("ix_offer_decision_decided_at", "decided_at"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    decision_id: UUID = Field(sa_type=Uuid, primary_key=True)
    offer_key: str = Field(sa_type=Text)
    occasion: str = Field(sa_type=Text)
    why: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    code: str | None = Field(default=None, sa_type=Text)
    details: Any = Field(sa_column=Column(JSONB, nullable=False))
    place_key: str | None = Field(default=None, sa_type=Text)
    variant: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))
    open_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class OfferAppointment(Table, table=True):
    """Something to look at again for one member, so many hours after it happened."""

    __tablename__ = "offer_appointment"
    __table_args__ = (Index("ix_offer_appointment_due_at", "due_at"),)
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    offer_key: str = Field(sa_type=Text, primary_key=True)
    source_id: UUID = Field(sa_type=Uuid, primary_key=True)
    since: datetime = Field(sa_type=DateTime(timezone=True))
    due_at: datetime = Field(sa_type=DateTime(timezone=True))


class OfferWakeup(Table, table=True):
    """An exact instant at which an offer rings at a place or in a time zone, and how far the telling has come."""

    __tablename__ = "offer_wakeup"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'missed', 'refused')", name="state_known"),
        Index("ix_offer_wakeup_due_at", "due_at", postgresql_where=sql("state = 'waiting'")),
    )
    offer_key: str = Field(sa_type=Text, primary_key=True)
    scope: str = Field(sa_type=Text, primary_key=True)
    occurrence: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    after_member: UUID | None = Field(default=None, sa_type=Uuid)
    fired_count: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="0"))


class OfferStanding(Table, table=True):
    """A second person's yes to an offer as it is written, and an early end."""

    __tablename__ = "offer_standing"
    offer_key: str = Field(sa_type=Text, primary_key=True)
    digest: str = Field(sa_type=Text, primary_key=True)
    approved_by: str | None = Field(default=None, sa_type=Text)
    approved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ended_by: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class WeatherHour(Table, table=True):
    """An hour of weather in a grid cell, as the source told it last."""

    __tablename__ = "weather_hour"
    __table_args__ = (Index("ix_weather_hour_hour", "hour"),)
    cell: str = Field(sa_type=Text, primary_key=True)
    hour: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    temperature_celsius: float = Field(sa_type=Double)
    feels_like_celsius: float | None = Field(default=None, sa_type=Double)
    rain_millimetres: float = Field(sa_type=Double)
    condition: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    fetched_at: datetime = Field(sa_type=DateTime(timezone=True))


class Geofence(Table, table=True):
    """A cube of space that a fence of a programme version touches."""

    __tablename__ = "geofence"
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    cell: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    fence: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))


class GeofenceBuild(Table, table=True):
    """A programme version whose geofences are all written, and at which sizes of cubes."""

    __tablename__ = "geofence_build"
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    levels: Any = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    fences_count: int = Field(sa_type=BigInteger)
    built_at: datetime = Field(sa_type=DateTime(timezone=True))
