"""The tables of budgets; migration 29 is their SQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlmodel import Field

from fedele.db.base import Table


class BudgetPot(Table, table=True):
    """A campaign's budget in one period."""

    __tablename__ = "budget_pot"
    __table_args__ = (CheckConstraint("money_minor >= 0 AND owed_minor >= 0 AND least_minor > 0", name="not_negative"),)
    pot: str = Field(sa_type=Text, primary_key=True)
    period: str = Field(sa_type=Text, primary_key=True)
    money_minor: int = Field(sa_type=BigInteger)
    least_minor: int = Field(sa_type=BigInteger)
    owed_minor: int = Field(sa_type=BigInteger)
    programme_version: int = Field(sa_type=Integer)


class BudgetSlice(Table, table=True):
    """A part of a pot's money that one transaction at a time takes from."""

    __tablename__ = "budget_slice"
    __table_args__ = (
        ForeignKeyConstraint(["pot", "period"], ["budget_pot.pot", "budget_pot.period"]),
        CheckConstraint("left_minor >= 0", name="not_negative"),
    )
    pot: str = Field(sa_type=Text, primary_key=True)
    period: str = Field(sa_type=Text, primary_key=True)
    slice: int = Field(sa_type=SmallInteger, primary_key=True)
    left_minor: int = Field(sa_type=BigInteger)


class BudgetNotice(Table, table=True):
    """What was announced of a pot."""

    __tablename__ = "budget_notice"
    __table_args__ = (
        ForeignKeyConstraint(["pot", "period"], ["budget_pot.pot", "budget_pot.period"]),
        CheckConstraint("percent IN (50, 80, 100)", name="percent"),
    )
    pot: str = Field(sa_type=Text, primary_key=True)
    period: str = Field(sa_type=Text, primary_key=True)
    percent: int = Field(sa_type=SmallInteger, primary_key=True)
    noticed_at: datetime = Field(sa_type=DateTime(timezone=True))


class BudgetUse(Table, table=True):
    """What one member's claim, redemption, purchase or event holds of a pot."""

    __tablename__ = "budget_use"
    __table_args__ = (
        Index(
            "ix_budget_use_member_id_source_id",
            "member_id",
            "source_id",
            postgresql_where=text("source_id IS NOT NULL"),
        ),
        Index("ix_budget_use_until", "until", postgresql_where=text("state = 'reserved'")),
        Index("ix_budget_use_pot_period", "pot", "period"),
        CheckConstraint("state IN ('reserved', 'used', 'released')", name="state"),
        CheckConstraint("amount_minor BETWEEN 0 AND taken_minor", name="amount"),
        CheckConstraint("state <> 'released' OR amount_minor = 0", name="released"),
        CheckConstraint("state <> 'reserved' OR until IS NOT NULL", name="until"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    use_id: UUID = Field(sa_type=Uuid, primary_key=True)
    pot: str = Field(sa_type=Text, primary_key=True)
    period: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    taken_minor: int = Field(sa_type=BigInteger)
    taken_at: datetime = Field(sa_type=DateTime(timezone=True))
    until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    source_id: UUID | None = Field(default=None, sa_type=Uuid)
