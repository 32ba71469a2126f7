"""Keyset pages: a cursor is the sort key of the last row seen, so nothing is skipped when rows come and go."""

import base64
import binascii
import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

T = TypeVar("T")


class MalformedCursor(ValueError):
    """The cursor was not made by this server for this list."""


@dataclasses.dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a longer list, in order; `cursors[i]` stands just after `items[i]`."""

    items: tuple[T, ...]
    cursors: tuple[str, ...]
    has_next: bool


def encode_cursor(*key: str | int | None) -> str:
    """The sort key as opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """Read back a sort key of `length` parts. Raises MalformedCursor."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise MalformedCursor("this cursor was not made by this server") from error
    if not isinstance(key, list) or len(key) != length:
        raise MalformedCursor("this cursor belongs to another list")
    return key


def decode_position(cursor: str, *kinds: type[datetime] | type[UUID] | type[int]) -> list[Any]:
    """Read back a sort key whose parts are of these kinds, so that a changed cursor never reaches the database.

    Raises MalformedCursor, also for a time without its zone and an int beyond 32 bits.
    """
    return [_part(kind, part) for kind, part in zip(kinds, decode_cursor(cursor, len(kinds)), strict=True)]


def _part(kind: type[datetime] | type[UUID] | type[int], part: Any) -> datetime | UUID | int:
    try:
        if kind is UUID:
            return UUID(part)
        if kind is datetime:
            at = datetime.fromisoformat(part)
            if at.tzinfo is not None:
                return at
        elif type(part) is int and abs(part) < 2**31:
            return part
    except (AttributeError, TypeError, ValueError) as error:
        raise MalformedCursor("this cursor was not made by this server") from error
    raise MalformedCursor("this cursor was not made by this server")


def page_of(items: Sequence[T], key: Callable[[T], tuple[str | int, ...]], first: int, after: str | None) -> Page[T]:
    """A page of a list that is small enough to be read whole, in ascending order of `key`. Raises MalformedCursor."""
    order = sorted(items, key=key)
    if after is not None:
        mark = decode_cursor(after, len(key(order[0]))) if order else []
        try:
            order = [item for item in order if list(key(item)) > mark]
        except TypeError:
            raise MalformedCursor("this cursor belongs to another list") from None
    page = tuple(order[:first])
    return Page(page, tuple(encode_cursor(*key(item)) for item in page), len(order) > first)
