"""The tables of activity; migration 05 is their SQL."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from fedele.db.base import Table


def _text(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable))


def _moment() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _minor() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False))


class ProductRow(Table, table=True):
    """The catalogue: small, replicated to every node."""

    __tablename__ = "product"

    sku: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = _text()
    category: str | None = _text(nullable=True)
    department: str | None = _text(nullable=True)
    brand: str | None = _text(nullable=True)
    updated_at: datetime = _moment()


class ProductCostRow(Table, table=True):
    """What one of a product costs us from an instant on, in the home currency; replicated too."""

    __tablename__ = "product_cost"
    __table_args__ = (CheckConstraint("cost >= 0", name="not_negative"),)

    sku: str = Field(sa_column=Column(Text, primary_key=True))
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    cost: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))


class PurchaseRow(Table, table=True):
    """A receipt; append-only."""

    __tablename__ = "purchase"
    __table_args__ = (
        UniqueConstraint("member_id", "store_id", "receipt"),
        Index("ix_purchase_member_id_occurred_at_purchase_id", "member_id", "occurred_at", "purchase_id"),
        Index("ix_purchase_store_id_receipt", "store_id", "receipt"),
        Index("ix_purchase_occurred_at", "occurred_at"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    purchase_id: UUID = Field(primary_key=True, sa_type=Uuid)
    store_id: str = _text()
    receipt: str = _text()
    channel: str = _text()
    occurred_at: datetime = _moment()
    recorded_at: datetime = _moment()
    currency: str = _text()
    total_minor: int = _minor()
    tax_minor: int = _minor()
    discount_minor: int = _minor()
    tenders: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    points: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))
    burns: list[Any] = Field(sa_column=Column(JSONB, nullable=False, server_default="[]"))
    attributes: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))


class PurchaseLineRow(Table, table=True):
    """A line of a receipt. Only `returned_quantity` ever changes, and never beyond `quantity`."""

    __tablename__ = "purchase_line"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "purchase_id"], ["purchase.member_id", "purchase.purchase_id"]),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    purchase_id: UUID = Field(primary_key=True, sa_type=Uuid)
    line_number: int = Field(primary_key=True)
    kind: str = _text()
    sku: str | None = _text(nullable=True)
    name: str | None = _text(nullable=True)
    category: str | None = _text(nullable=True)
    department: str | None = _text(nullable=True)
    brand: str | None = _text(nullable=True)
    quantity: Decimal = Field(sa_column=Column(Numeric(12, 3), nullable=False))
    returned_quantity: Decimal = Field(sa_column=Column(Numeric(12, 3), nullable=False, server_default="0"))
    amount_minor: int = _minor()
    tax_minor: int = _minor()
    discount_minor: int = _minor()
    attributes: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))


class PurchaseReturnRow(Table, table=True):
    """One visit to the returns desk; append-only."""

    __tablename__ = "purchase_return"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "purchase_id"], ["purchase.member_id", "purchase.purchase_id"]),
        Index("ix_purchase_return_member_id_occurred_at_return_id", "member_id", "occurred_at", "return_id"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    return_id: UUID = Field(primary_key=True, sa_type=Uuid)
    purchase_id: UUID = Field(sa_type=Uuid)
    store_id: str = _text()
    occurred_at: datetime = _moment()
    recorded_at: datetime = _moment()
    currency: str = _text()
    total_minor: int = _minor()
    points: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))


class PurchaseReturnLineRow(Table, table=True):
    """A part of a line that came back; append-only."""

    __tablename__ = "purchase_return_line"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "return_id"], ["purchase_return.member_id", "purchase_return.return_id"]),
        ForeignKeyConstraint(
            ["member_id", "purchase_id", "line_number"],
            ["purchase_line.member_id", "purchase_line.purchase_id", "purchase_line.line_number"],
        ),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    return_id: UUID = Field(primary_key=True, sa_type=Uuid)
    line_number: int = Field(primary_key=True)
    purchase_id: UUID = Field(sa_type=Uuid)
    quantity: Decimal = Field(sa_column=Column(Numeric(12, 3), nullable=False))
    amount_minor: int = _minor()


class ActivityEventRow(Table, table=True):
    """A visit or a custom event; append-only."""

    __tablename__ = "activity_event"
    __table_args__ = (
        Index("ix_activity_event_member_id_occurred_at_event_id", "member_id", "occurred_at", "event_id"),
        Index("ix_activity_event_member_id_name_occurred_at", "member_id", "name", "occurred_at"),
    )

    member_id: UUID = Field(primary_key=True, sa_type=Uuid)
    event_id: UUID = Field(primary_key=True, sa_type=Uuid)
    name: str = _text()
    store_id: str | None = _text(nullable=True)
    occurred_at: datetime = _moment()
    recorded_at: datetime = _moment()
    properties: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    points: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False, server_default="{}"))
