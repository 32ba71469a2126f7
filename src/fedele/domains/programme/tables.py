"""The tables of the programme's versions: small, append-only, the same on every node (no member owns a row)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field

from fedele.db.base import Table


class ProgrammeVersionRow(Table, table=True):
    """One applied version. `source_text` is the file as it was handed in, comments and all."""

    __tablename__ = "programme_version"
    __table_args__ = (
        CheckConstraint("version > 0", name="version_positive"),
        Index("ix_programme_version_effective_from", "effective_from"),
    )

    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    effective_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    source_text: str = Field(sa_column=Column(Text, nullable=False))
    source_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''")))
    recorded_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )


class ProgrammeWithdrawalRow(Table, table=True):
    """A version that was taken back before it began: it is never in force."""

    __tablename__ = "programme_withdrawal"

    version: int = Field(
        sa_column=Column(Integer, ForeignKey("programme_version.version"), primary_key=True, autoincrement=False)
    )
    actor: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''")))
    reason: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''")))
    recorded_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )
