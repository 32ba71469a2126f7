"""The base of every table class. Table classes declare the schema; they are never instantiated to carry data."""

from typing import Any

from sqlalchemy import MetaData
from sqlmodel import SQLModel

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Table(SQLModel):
    """Base of the rows in every room's `tables.py`: `class Lot(Table, table=True)`, with an explicit __tablename__."""

    metadata = MetaData(naming_convention=NAMING)

    def __init__(self, **values: Any) -> None:  # pragma: no cover - a guard, not a path
        raise TypeError("tables declare the schema; write SQL in queries.py and commands.py instead of rows")
