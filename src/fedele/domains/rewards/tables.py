"""The tables of rewards."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


class RedemptionRow(Table, table=True):
    """A reward taken. Expiry is not written: a held row past usable_until has expired."""

    __tablename__ = "redemption"
    __table_args__ = (
        Index("ix_redemption_member_id_redeemed_at", "member_id", "redeemed_at", "redemption_id"),
        CheckConstraint("status IN ('held', 'used', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'used') = (used_at IS NOT NULL)", name="used_has_a_time"),
        CheckConstraint("(units = 0) = (transaction_id IS NULL)", name="price_was_burned"),
        CheckConstraint("units = 0 OR currency IS NOT NULL", name="price_has_a_currency"),
        CheckConstraint("fulfilment IN ('ordered', 'sent')", name="fulfilment_known"),
        CheckConstraint("purchase_id IS NULL OR status = 'used'", name="purchase_used_it"),
        Index("ix_redemption_code", "code"),
        Index("ix_redemption_ordered", "redeemed_at", postgresql_where=text("fulfilment = 'ordered'")),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    redemption_id: UUID = Field(sa_type=Uuid, primary_key=True)
    reward_key: str = Field(sa_type=Text)
    programme_version: int = Field(sa_type=Integer)
    status: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    currency: str | None = Field(default=None, sa_type=Text)
    units: int = Field(sa_type=BigInteger)
    transaction_id: UUID | None = Field(default=None, sa_type=Uuid)
    redeemed_at: datetime = Field(sa_type=DateTime(timezone=True))
    usable_until: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    used_store: str | None = Field(default=None, sa_type=Text)
    source: str = Field(sa_type=Text, sa_column_kwargs={"server_default": "member"})
    stocked: bool = Field(sa_type=Boolean, sa_column_kwargs={"server_default": text("false")})
    purchase_id: UUID | None = Field(default=None, sa_type=Uuid)
    fulfilment: str | None = Field(default=None, sa_type=Text)
    tracking: str | None = Field(default=None, sa_type=Text)
    ended_because: str | None = Field(default=None, sa_type=Text)
    terms: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")})


class RedemptionDelivery(Table, table=True):
    """Where a gift is sent: personal data, which erasure empties."""

    __tablename__ = "redemption_delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["redemption.member_id", "redemption.redemption_id"],
            name="fk_redemption_delivery_member_id_redemption",
        ),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    redemption_id: UUID = Field(sa_type=Uuid, primary_key=True)
    recipient: str = Field(sa_type=Text)
    address: dict[str, Any] = Field(sa_type=JSONB)


class RedemptionDiscount(Table, table=True):
    """What a held reward took off a line of a purchase. Append-only."""

    __tablename__ = "redemption_discount"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["redemption.member_id", "redemption.redemption_id"],
            name="fk_redemption_discount_member_id_redemption",
        ),
        Index("ix_redemption_discount_member_id_purchase_id", "member_id", "purchase_id"),
        CheckConstraint("discount_minor > 0", name="discount_positive"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    redemption_id: UUID = Field(sa_type=Uuid, primary_key=True)
    purchase_id: UUID = Field(sa_type=Uuid, primary_key=True)
    line_number: int = Field(sa_type=Integer, primary_key=True)
    discount_minor: int = Field(sa_type=BigInteger)


class RewardStock(Table, table=True):
    """How many of a stocked reward are gone: one row a reward, so that it cannot be oversold."""

    __tablename__ = "reward_stock"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken_not_negative"),)
    reward_key: str = Field(sa_type=Text, primary_key=True)
    taken: int = Field(sa_type=BigInteger)
    added: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})


class RewardStockChange(Table, table=True):
    """Staff put more on the shelf, or took some off. Append-only."""

    __tablename__ = "reward_stock_change"
    reward_key: str = Field(sa_type=Text, primary_key=True)
    change_id: UUID = Field(sa_type=Uuid, primary_key=True)
    units: int = Field(sa_type=BigInteger)
    reason: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))


class RewardReservation(Table, table=True):
    """One of the shelf, promised to a redemption that is being paid; released after `reserved_until`."""

    __tablename__ = "reward_reservation"
    __table_args__ = (Index("ix_reward_reservation_reserved_until", "reserved_until"),)
    reward_key: str = Field(sa_type=Text, primary_key=True)
    reservation_id: UUID = Field(sa_type=Uuid, primary_key=True)
    stocked: bool = Field(sa_type=Boolean)
    code: str | None = Field(default=None, sa_type=Text)
    reserved_until: datetime = Field(sa_type=DateTime(timezone=True))


class RewardCode(Table, table=True):
    """The pool of single-use codes of a reward. `redemption_id` is set when one is given out."""

    __tablename__ = "reward_code"
    __table_args__ = (
        Index("ix_reward_code_free", "reward_key", "code", postgresql_where=text("redemption_id IS NULL")),
    )
    reward_key: str = Field(sa_type=Text, primary_key=True)
    code: str = Field(sa_type=Text, primary_key=True)
    redemption_id: UUID | None = Field(default=None, sa_type=Uuid)


class Sweepstake(Table, table=True):
    """How many entries a draw has: the row whose lock numbers them."""

    __tablename__ = "sweepstake"
    __table_args__ = (CheckConstraint("entries_count >= 0", name="entries_counted"),)
    reward_key: str = Field(sa_type=Text, primary_key=True)
    entries_count: int = Field(sa_type=BigInteger)


class SweepstakeEntryRow(Table, table=True):
    """A member's entry in a draw, with its number and what became of it."""

    __tablename__ = "sweepstake_entry"
    __table_args__ = (
        Index("ix_sweepstake_entry_reward_key_number", "reward_key", "number"),
        CheckConstraint("number > 0", name="number_positive"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    redemption_id: UUID = Field(sa_type=Uuid, primary_key=True)
    reward_key: str = Field(sa_type=Text)
    number: int = Field(sa_type=BigInteger)
    entered_at: datetime = Field(sa_type=DateTime(timezone=True))
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    won_place: int | None = Field(default=None, sa_type=Integer)


class SweepstakeDraw(Table, table=True):
    """The draw: its seed, how many entries it was over, and which numbers won. Append-only."""

    __tablename__ = "sweepstake_draw"
    reward_key: str = Field(sa_type=Text, primary_key=True)
    seed: str = Field(sa_type=Text)
    entries_count: int = Field(sa_type=BigInteger)
    winners: list[dict[str, Any]] = Field(sa_type=JSONB)
    actor: str = Field(sa_type=Text)
    drawn_at: datetime = Field(sa_type=DateTime(timezone=True))
