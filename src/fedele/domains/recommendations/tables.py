"""The tables of recommendations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Double, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import REAL
from sqlmodel import Field

from fedele.db.base import Table


class ProductAffinityRow(Table, table=True):
    """What a member buys: recomputed from their purchases, so it can always be thrown away."""

    __tablename__ = "product_affinity"
    __table_args__ = (Index("ix_product_affinity_last_at", "last_at"),)
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    sku: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text)
    category: str | None = Field(sa_type=Text)
    department: str | None = Field(sa_type=Text)
    brand: str | None = Field(sa_type=Text)
    times: int = Field(sa_type=Integer)
    slow: float = Field(sa_type=Double)
    fast: float = Field(sa_type=Double)
    first_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_at: datetime = Field(sa_type=DateTime(timezone=True))


class TasteRow(Table, table=True):
    """Whether a member's affinities are up to date, and since when the member lets us remember."""

    __tablename__ = "taste"
    __table_args__ = (Index("ix_taste_due_since", "due_since", postgresql_where=text("due_since IS NOT NULL")),)
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    remember_from: datetime | None = Field(sa_type=DateTime(timezone=True))
    learned_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    due_since: datetime | None = Field(sa_type=DateTime(timezone=True))


class ProductPopularityRow(Table, table=True):
    """What sells now: counted by a job; small, replicated."""

    __tablename__ = "product_popularity"
    sku: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text)
    category: str | None = Field(sa_type=Text)
    department: str | None = Field(sa_type=Text)
    brand: str | None = Field(sa_type=Text)
    buyers_count: int = Field(sa_type=Integer)
    counted_at: datetime = Field(sa_type=DateTime(timezone=True))


class ProductNeighbourRow(Table, table=True):
    """What is bought by the same members: counted by a job; small, replicated."""

    __tablename__ = "product_neighbour"
    sku: str = Field(sa_type=Text, primary_key=True)
    neighbour: str = Field(sa_type=Text, primary_key=True)
    similarity: float = Field(sa_type=REAL)
