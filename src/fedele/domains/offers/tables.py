"""The tables of offers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Integer, Text, Uuid
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


class OfferTotal(Table, table=True):
    """How many claims are gone of an offer that has a total: one row an offer, whose lock is the hard stop."""

    __tablename__ = "offer_total"
    offer_key: str = Field(sa_type=Text, primary_key=True)
    claimed: int = Field(sa_type=BigInteger)
