"""Rows out of a CSV or JSONL file, one by one, with the line each stands on. UTF-8, with or without a mark."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from fedele.domains.exchange.errors import ImportFileUnreadable
from fedele.domains.exchange.types import ImportFile, InputRow, Progress, RowInvalid, no_progress

FIELD_LENGTH_MAX = 100_000  # characters of one value; a lost quote would otherwise swallow the rest of the file
PROGRESS_EVERY_ROWS = 500
_JSON_ENDINGS = {".jsonl", ".ndjson"}


def read_rows(file: ImportFile, progress: Progress = no_progress) -> Iterator[InputRow | tuple[int, str, RowInvalid]]:
    """The file's rows in order; for a row that cannot be read (line, its text, what is wrong) instead.

    Raises ImportFileUnreadable when nothing of the file can be used.
    """
    if not file.path.is_file():
        raise ImportFileUnreadable(file=str(file.path), problem="there is no such file.")
    rows = _json_rows if file.path.suffix.lower() in _JSON_ENDINGS else _csv_rows
    size = file.path.stat().st_size
    with file.path.open("rb") as raw:
        for number, row in enumerate(rows(file, raw)):
            if number % PROGRESS_EVERY_ROWS == 0:
                progress("reading", raw.tell(), size)
            yield row
    progress("reading", size, size)


def _csv_rows(file: ImportFile, raw: IO[bytes]) -> Iterator[InputRow | tuple[int, str, RowInvalid]]:
    csv.field_size_limit(FIELD_LENGTH_MAX)
    reader = csv.reader(_lines(raw), strict=True)
    try:
        head = next(reader, [])
    except csv.Error as error:
        raise ImportFileUnreadable(file=str(file.path), problem=f"its first line is not CSV: {error}.") from None
    if not head or "\ufffd" in "".join(head):
        problem = "it is empty." if not head else "its first line is not UTF-8 text."
        raise ImportFileUnreadable(file=str(file.path), problem=problem)
    fields = _fields(file, head)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, "", RowInvalid("", f"this is not CSV: {error}")
            continue
        if not values:
            continue
        yield _csv_row(fields, values, line)


def _csv_row(fields: list[str], values: list[str], line: int) -> InputRow | tuple[int, str, RowInvalid]:
    text = ",".join(values)
    if len(values) != len(fields):
        return line, text, RowInvalid("", f"the row has {len(values)} columns, the first line {len(fields)}")
    if "\ufffd" in text:
        column = next(field for field, value in zip(fields, values, strict=True) if "\ufffd" in value)
        return line, text, RowInvalid(column, "this is not UTF-8 text")
    return InputRow(line, dict(zip(fields, (value.strip() for value in values), strict=True)))


def _lines(raw: IO[bytes]) -> Iterator[str]:
    """Text of the file; a byte that is no UTF-8 becomes U+FFFD, so that its row can be refused and the rest read."""
    for number, line in enumerate(raw):
        start = 3 if number == 0 and line.startswith(b"\xef\xbb\xbf") else 0
        yield line[start:].decode("utf-8", "replace").replace("\0", "\ufffd")


def _json_rows(file: ImportFile, raw: IO[bytes]) -> Iterator[InputRow | tuple[int, str, RowInvalid]]:
    for number, line in enumerate(raw, start=1):
        if not line.strip():
            continue
        text = line.decode("utf-8", "replace").strip()
        try:
            value = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            yield number, text, RowInvalid("", f"this is not JSON: {error}")
            continue
        if not isinstance(value, dict):
            yield number, text, RowInvalid("", "a line is one JSON object")
            continue
        fields = _fields(file, list(value))
        yield InputRow(number, dict(zip(fields, map(_as_text, value.values()), strict=True)))


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else orjson.dumps(value).decode()


def _fields(file: ImportFile, head: list[str]) -> list[str]:
    """Our names of the file's columns. Raises ImportFileUnreadable when two columns are the same field."""
    fields = [file.mapping.get(column.strip(), column.strip()) for column in head]
    twice = {field for field in fields if fields.count(field) > 1}
    if twice:
        raise ImportFileUnreadable(file=str(file.path), problem=f"the column {sorted(twice)[0]} is there twice.")
    return fields


class ErrorsFile:
    """The rows that were not imported. The file is made with the first of them; an earlier run's is removed."""

    HEAD = ("line", "column", "reason", "row")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._open: io.TextIOWrapper | None = None
        self._writer: Any = None
        path.unlink(missing_ok=True)

    def add(self, line: int, row: str, problem: RowInvalid) -> None:
        """Write one down."""
        if self._open is None:
            self._open = self.path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._open)
            self._writer.writerow(self.HEAD)
        self._writer.writerow((line, problem.column, problem.reason, row))
        self.count += 1

    def close(self) -> str | None:
        """Its name, if it holds anything."""
        if self._open is None:
            return None
        self._open.close()
        return str(self.path)


def row_text(row: InputRow) -> str:
    """A row as the errors file shows it: JSON by our field names."""
    return orjson.dumps(row.values).decode()
