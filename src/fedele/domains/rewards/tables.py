"""The tables of rewards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Integer, Text, Uuid, text
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
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    redemption_id: UUID = Field(sa_type=Uuid, primary_key=True)
    reward_key: str = Field(sa_type=Text)
    programme_version: int = Field(sa_type=Integer)
    status: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    currency: str = Field(sa_type=Text)
    units: int = Field(sa_type=BigInteger)
    transaction_id: UUID | None = Field(default=None, sa_type=Uuid)
    redeemed_at: datetime = Field(sa_type=DateTime(timezone=True))
    usable_until: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    used_store: str | None = Field(default=None, sa_type=Text)


class RewardStock(Table, table=True):
    """How many of a stocked reward are gone: one row a reward, so that it cannot be oversold."""

    __tablename__ = "reward_stock"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken_not_negative"),)
    reward_key: str = Field(sa_type=Text, primary_key=True)
    taken: int = Field(sa_type=BigInteger)


class RewardCode(Table, table=True):
    """The pool of single-use codes of a reward. `redemption_id` is set when one is given out."""

    __tablename__ = "reward_code"
    __table_args__ = (
        Index("ix_reward_code_free", "reward_key", "code", postgresql_where=text("redemption_id IS NULL")),
    )
    reward_key: str = Field(sa_type=Text, primary_key=True)
    code: str = Field(sa_type=Text, primary_key=True)
    redemption_id: UUID | None = Field(default=None, sa_type=Uuid)
