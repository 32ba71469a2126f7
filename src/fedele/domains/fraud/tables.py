"""The tables of fraud; migration 28 is their SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment(nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class FraudCaseRow(Table, table=True):
    """A suspicion about a member, its evidence, and what a person decided."""

    __tablename__ = "fraud_case"
    __table_args__ = (
        Index(
            "uq_fraud_case_open", "member_id", "rule", "subject", unique=True, postgresql_where=text("state = 'open'")
        ),
        Index("uq_fraud_case_source", "member_id", "rule", "source_id", unique=True),
        Index("ix_fraud_case_state_case_id", "state", "case_id"),
        CheckConstraint("state IN ('open', 'cleared', 'confirmed')", name="state_known"),
        CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (actor IS NULL)",
            name="decided_by_somebody",
        ),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    case_id: UUID = Field(primary_key=True, sa_type=Uuid)
    rule: str = _text()
    subject: str = _text()
    state: str = _text()
    blocks: bool
    evidence: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    source_id: UUID = Field(sa_type=Uuid)
    opened_at: datetime = _moment()
    decided_at: datetime | None = _moment(nullable=True)
    actor: str | None = _text(nullable=True)
    reason: str | None = _text(nullable=True)


class FraudSightingRow(Table, table=True):
    """A sale as rules by store or attribute count it: by whom or what, never of whom alone."""

    __tablename__ = "fraud_sighting"
    __table_args__ = (
        Index("ix_fraud_sighting_subject_occurred_at", "subject", "occurred_at"),
        Index("ix_fraud_sighting_member_id", "member_id"),
        Index("ix_fraud_sighting_occurred_at", "occurred_at", postgresql_using="brin"),
    )

    subject: str = Field(sa_column=Column(Text, primary_key=True))
    purchase_id: UUID = Field(primary_key=True, sa_type=Uuid)
    member_id: UUID = Field(sa_type=Uuid)
    occurred_at: datetime = _moment()
