"""The table of published documents: append-only, the same on every node (no member owns a row)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, DateTime, Text, text
from sqlmodel import Field

from fedele.db.base import Table


class TrustedDocumentRow(Table, table=True):
    """One text on one schema. Who published it first stays its publisher."""

    __tablename__ = "trusted_document"
    __table_args__ = (CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_hexadecimal"),)

    sha256: str = Field(sa_column=Column(Text, primary_key=True))
    schema_name: str = Field(sa_column=Column(Text, primary_key=True))
    app: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    published_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )
