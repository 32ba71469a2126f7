"""A cursor that somebody changed is noticed before the database sees it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from fedele.kernel.pages import MalformedCursor, decode_position, encode_cursor

AT, ID = datetime(2026, 11, 20, 11, tzinfo=UTC), UUID(int=7)


def test_a_position_comes_back_as_it_was() -> None:
    """The control: time, id and number."""
    assert decode_position(encode_cursor(AT.isoformat(), str(ID), 2), datetime, UUID, int) == [AT, ID, 2]


@pytest.mark.parametrize(
    "parts",
    [
        ("yesterday", str(ID), 2), (AT.isoformat(), "no-id", 2), (AT.isoformat(), str(ID), "2"),
        (AT.isoformat(), str(ID), 2**31), (AT.isoformat(), str(ID), True), (AT.isoformat(), str(ID), None),
        (None, str(ID), 2), (7, str(ID), 2), (AT.isoformat(), 7, 2), (AT.isoformat(), None, 2),
        ("2026-11-20T11:00:00", str(ID), 2), ("-infinity", str(ID), 2), (AT.isoformat(), str(ID)),
    ],
)  # fmt: skip
def test_another_part_is_no_position(parts: tuple[Any, ...]) -> None:
    """Of another kind, out of range, without a zone, or one too few."""
    with pytest.raises(MalformedCursor):
        decode_position(encode_cursor(*parts), datetime, UUID, int)


@pytest.mark.parametrize("cursor", ["", "%", "é", "bnVsbA", "e30"])
def test_what_is_no_list_is_no_position(cursor: str) -> None:
    """Neither text that is no cursor, nor JSON that is no list."""
    with pytest.raises(MalformedCursor):
        decode_position(cursor, UUID)
