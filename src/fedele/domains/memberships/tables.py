"""The tables of memberships; migration 21 is their SQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlmodel import Field

from fedele.db.base import Table


def _instant(*, nullable: bool) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


class MembershipRow(Table, table=True):
    """A membership that a member has or had."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'active', 'lapsed', 'cancelled')", name="state"),
        Index("ix_membership_renew_at", "renew_at", postgresql_where=text("renew_at IS NOT NULL")),
        Index(
            "ix_membership_covered_until",
            "covered_until",
            postgresql_where=text("state = 'active' AND covered_until IS NOT NULL"),
        ),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    membership_key: str = Field(sa_column=Column(Text, primary_key=True))
    plan_key: str = Field(sa_column=Column(Text, nullable=False))
    next_plan_key: str | None = Field(sa_column=Column(Text, nullable=True))
    state: str = Field(sa_column=Column(Text, nullable=False))
    auto_renew: bool = Field(sa_column=Column(Boolean, nullable=False))
    joined_at: datetime = Field(sa_column=_instant(nullable=False))
    cancelled_at: datetime | None = Field(sa_column=_instant(nullable=True))
    renew_at: datetime | None = Field(sa_column=_instant(nullable=True))
    covered_until: datetime | None = Field(sa_column=_instant(nullable=True))
    trial_used: bool = Field(sa_column=Column(Boolean, nullable=False))


class MembershipTermRow(Table, table=True):
    """A stretch of a membership: free, or paid for."""

    __tablename__ = "membership_term"
    __table_args__ = (
        CheckConstraint("kind IN ('trial', 'paid', 'lifetime')", name="kind"),
        CheckConstraint("state IN ('requested', 'running', 'failed', 'refunded')", name="state"),
        CheckConstraint("refunded_minor BETWEEN 0 AND price_minor", name="refunded_minor"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    term_id: UUID = Field(primary_key=True, sa_type=Uuid)
    membership_key: str = Field(sa_column=Column(Text, nullable=False))
    plan_key: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    starts_at: datetime = Field(sa_column=_instant(nullable=False))
    ends_at: datetime | None = Field(sa_column=_instant(nullable=True))
    covered_until: datetime | None = Field(sa_column=_instant(nullable=True))
    price_minor: int = Field(sa_column=Column(BigInteger, nullable=False))
    currency: str = Field(sa_column=Column(Text, nullable=False))
    refunded_minor: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    used_at: datetime | None = Field(sa_column=_instant(nullable=True))
    programme_version: int = Field(sa_column=Column(Integer, nullable=False))


class MembershipPaymentRow(Table, table=True):
    """Money asked for or given back."""

    __tablename__ = "membership_payment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "term_id"],
            ["membership_term.member_id", "membership_term.term_id"],
            name="fk_membership_payment_term",
        ),
        CheckConstraint("kind IN ('charge', 'refund')", name="kind"),
        CheckConstraint("state IN ('requested', 'succeeded', 'declined', 'given_up')", name="state"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        Index(
            "ix_membership_payment_next_attempt_at",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    payment_id: UUID = Field(primary_key=True, sa_type=Uuid)
    term_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    amount_minor: int = Field(sa_column=Column(BigInteger, nullable=False))
    currency: str = Field(sa_column=Column(Text, nullable=False))
    attempts_count: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    next_attempt_at: datetime | None = Field(sa_column=_instant(nullable=True))
    requested_at: datetime = Field(sa_column=_instant(nullable=False))
    finished_at: datetime | None = Field(sa_column=_instant(nullable=True))
    reference: str | None = Field(sa_column=Column(Text, nullable=True))
    problem: str | None = Field(sa_column=Column(Text, nullable=True))


class MembershipMethodRow(Table, table=True):
    """The provider's word for the card on file."""

    __tablename__ = "membership_method"

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    membership_key: str = Field(sa_column=Column(Text, primary_key=True))
    method: str = Field(sa_column=Column(Text, nullable=False))
