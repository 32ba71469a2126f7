"""One import under way: its counts, its errors file, and the rows of the file in batches."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TypeVar

from fedele.db.database import Database, Transaction
from fedele.domains.exchange.columns import MEMBER_COLUMNS, check_head
from fedele.domains.exchange.reading import ErrorsFile, read_rows, row_text
from fedele.domains.exchange.types import ImportFile, ImportKind, InputRow, Progress, RowInvalid, Summary
from fedele.domains.members.types import Identity
from fedele.kernel.refusal import Refusal

T = TypeVar("T")
BATCH_ROWS = 500


class Run:
    """Counts what happens to every row."""

    def __init__(self, kind: ImportKind, file: ImportFile, progress: Progress, *, dry_run: bool) -> None:
        self.file, self.progress = file, progress
        self.summary = Summary(kind, dry_run)
        self._errors = ErrorsFile(file.errors_path)

    def rows(self, parse: Callable[[InputRow], T]) -> Iterator[tuple[InputRow, T]]:
        """The rows that `parse` accepts; the others are written down as errors."""
        known_head: tuple[str, ...] | None = None
        for row in read_rows(self.file, self.progress):
            self.summary.rows += 1
            if not isinstance(row, InputRow):
                line, text, problem = row
                self.reject(line, text, problem)
                continue
            if known_head != tuple(row.values):
                known_head = tuple(row.values)
                self._check_head(row)
            try:
                yield row, parse(row)
            except (RowInvalid, Refusal) as error:
                self.refuse(row, error)

    def _check_head(self, row: InputRow) -> None:
        try:
            check_head(self.summary.kind, self.file, row.values)
        except Refusal:
            self._errors.close()
            raise

    def batches(self, parse: Callable[[InputRow], T]) -> Iterator[list[tuple[InputRow, T]]]:
        """The same, some hundreds at a time."""
        batch: list[tuple[InputRow, T]] = []
        for pair in self.rows(parse):
            batch.append(pair)
            if len(batch) == BATCH_ROWS:
                yield batch
                batch = []
        if batch:
            yield batch

    def refuse(self, row: InputRow, error: RowInvalid | Refusal) -> None:
        """This row is an error: the column to blame, and why."""
        problem = error if isinstance(error, RowInvalid) else RowInvalid(error.field or "", str(error))
        self.reject(row.line, row_text(row), problem)

    def reject(self, line: int, text: str, problem: RowInvalid) -> None:
        """A row is an error."""
        self.summary.errors += 1
        self._errors.add(line, text, problem)

    @contextlib.contextmanager
    def finishing(self) -> Iterator["Run"]:
        """Close the errors file whatever happens."""
        try:
            yield self
        finally:
            self.summary.errors_file = self._errors.close()


class _RolledBack(Exception):
    """Thrown to end a dry run's transaction."""


@contextlib.asynccontextmanager
async def quiet_transaction(database: Database, *, dry_run: bool) -> AsyncIterator[Transaction]:
    """A transaction that announces nothing, and in a dry run changes nothing either."""
    try:
        async with database.transaction(quiet=True) as tx:
            yield tx
            if dry_run:
                raise _RolledBack
    except _RolledBack:
        pass


def named_member(values: Mapping[str, str]) -> tuple[str, str]:
    """Which column names the member, and its text: the first of member, email, phone and card that is filled."""
    for column in MEMBER_COLUMNS:
        if text := values.get(column):
            return column, text
    raise RowInvalid("member", "no column names the member: fill one of member, email, phone and card")


def as_identity(column: str, text: str, source: str, phone_region: str | None) -> Identity:
    """The identity that a column's text is. Raises IdentityInvalid."""
    return Identity.parse(f"external:{source}" if column == "member" else column, text, phone_region)
