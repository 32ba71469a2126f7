"""A file's purchase lines, put in the order in which they happened, member by member, without holding them in memory.

A file may be of any size and in any order, while a purchase can only be rated after those that came before it. The
lines go through a temporary SQLite file; it is gone when the import ends, however it ends.
"""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from fedele.domains.exchange.types import InputRow

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE line (receipt TEXT, column_ TEXT, holder TEXT, at REAL, position INTEGER, row_line INTEGER, raw BLOB);
CREATE TABLE bad (receipt TEXT PRIMARY KEY, row_line INTEGER) WITHOUT ROWID;
CREATE TABLE holder (column_ TEXT, text TEXT, member TEXT, problem TEXT, PRIMARY KEY (column_, text)) WITHOUT ROWID;
"""
_INSERT = "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?)"
BATCH_ROWS = 2_000


class SpooledLine(NamedTuple):
    """One line of the file: the receipt it belongs to, and its row."""

    receipt: str
    row: InputRow


class Spool:
    """Lines in, receipts out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._waiting: list[tuple[Any, ...]] = []
        self.count = 0

    @classmethod
    @contextlib.contextmanager
    def open(cls) -> Iterator["Spool"]:
        """A spool in a temporary folder, removed at the end."""
        with tempfile.TemporaryDirectory(prefix="fedele-import-") as folder:
            connection = sqlite3.connect(Path(folder) / "spool.db", isolation_level=None)
            try:
                connection.executescript(_SCHEMA)
                connection.execute("BEGIN")
                yield cls(connection)
            finally:
                connection.close()

    def add(self, receipt: str, named: tuple[str, str], at: datetime, row: InputRow) -> None:
        """Keep a line. `named` is the column that names the member, and its text."""
        self.count += 1
        raw = orjson.dumps(row.values)
        self._waiting.append((receipt, *named, at.timestamp(), self.count, row.line, raw))
        if len(self._waiting) == BATCH_ROWS:
            self._flush()

    def spoil(self, receipt: str, line: int) -> None:
        """A line of this receipt is wrong: none of it can be imported."""
        self._db.execute("INSERT OR IGNORE INTO bad VALUES (?, ?)", (receipt, line))

    def spoiled_by(self, receipt: str) -> int | None:
        """The line that spoils this receipt, if one does."""
        row = self._db.execute("SELECT row_line FROM bad WHERE receipt = ?", (receipt,)).fetchone()
        return row[0] if row else None

    def named(self, size: int) -> Iterator[list[tuple[str, str]]]:
        """Every way in which the file names a member, so many at a time."""
        self._flush()
        found = self._db.execute("SELECT DISTINCT column_, holder FROM line ORDER BY 1, 2")
        while batch := found.fetchmany(size):
            yield batch

    def resolve(self, members: Iterable[tuple[str, str, str | None, str]]) -> None:
        """Who they are: (column, text, member id or None, why not)."""
        self._db.executemany("INSERT OR REPLACE INTO holder VALUES (?, ?, ?, ?)", list(members))

    def unresolved(self) -> Iterator[tuple[SpooledLine, str, str]]:
        """The lines whose member nobody knows, with the column to blame and the reason."""
        rows = self._db.execute(
            """
            SELECT line.receipt, row_line, raw, holder.column_, holder.problem
              FROM line JOIN holder ON line.column_ = holder.column_ AND line.holder = holder.text
             WHERE member IS NULL ORDER BY position
            """
        )
        for receipt, line, raw, column, problem in rows:
            yield SpooledLine(receipt, InputRow(line, orjson.loads(raw))), column, problem

    def members(self) -> Iterator[tuple[str, Iterator[SpooledLine]]]:
        """Member by member, each with their lines in the order in which they happened."""
        rows = self._db.execute(
            """
            SELECT member, line.receipt, row_line, raw,
                   -- All lines of a receipt stand together, at the time of its first.
                   min(at) OVER (PARTITION BY member, line.receipt) AS began,
                   min(position) OVER (PARTITION BY member, line.receipt) AS first
              FROM line JOIN holder ON line.column_ = holder.column_ AND line.holder = text
             WHERE member IS NOT NULL ORDER BY member, began, first, position
            """
        )
        for member, lines in groupby(rows, key=lambda row: row[0]):
            yield member, (SpooledLine(row[1], InputRow(row[2], orjson.loads(row[3]))) for row in lines)

    def _flush(self) -> None:
        self._db.executemany(_INSERT, self._waiting)
        self._waiting.clear()
