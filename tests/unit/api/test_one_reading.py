"""In a query operation the same question is sent once, and nobody is answered another's question."""

import asyncio
from typing import Any

import pytest

from fedele.api.reading import OneReading


class Counted:
    """A reader that keeps what it was sent, answers after a moment, or when it is let, and fails when told."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.fail = False
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """All rows."""
        self.sent.append((sql, values))
        self.asked.set()
        await asyncio.sleep(0)
        await self.may_answer.wait()
        if self.fail:
            raise OSError("gone")
        return [sql, values]

    async def fetch_row(self, sql: str, *values: Any) -> Any:
        """The first row."""
        return (await self.fetch(sql, *values))[0]

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first value."""
        return await self.fetch_row(sql, *values)


async def test_the_same_question_is_sent_once() -> None:
    """By siblings at once and by those who come later; other values and other forms are other questions."""
    counted = Counted()
    reading = OneReading(counted)
    first, second = await asyncio.gather(reading.fetch("a", [1], "x"), reading.fetch("a", [1], "x"))
    assert first == second == await reading.fetch("a", [1], "x")
    assert len(counted.sent) == 1
    await asyncio.gather(reading.fetch("a", [2], "x"), reading.fetch("b", [1], "x"), reading.fetch_row("a", [1], "x"))
    assert len(counted.sent) == 4


async def test_values_that_do_not_compare_are_simply_sent() -> None:
    """A jsonb object has no hash."""
    counted = Counted()
    reading = OneReading(counted)
    for _ in range(2):
        await reading.fetch_value("a", {"k": 1})
    assert len(counted.sent) == 2


async def test_all_who_asked_learn_of_an_error() -> None:
    """The statement failed for each of them."""
    counted = Counted()
    counted.fail = True
    reading = OneReading(counted)
    results = await asyncio.gather(*(reading.fetch("a") for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3
    assert len(counted.sent) == 1


async def test_whoever_waits_for_a_cancelled_asker_asks_for_themselves() -> None:
    """One field's end must not be another's."""
    counted = Counted()
    counted.may_answer.clear()
    reading = OneReading(counted)
    first = asyncio.create_task(reading.fetch("a"))
    await counted.asked.wait()
    second = asyncio.create_task(reading.fetch("a"))
    await asyncio.sleep(0)  # the second has asked, and waits for the first one's answer
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    counted.may_answer.set()
    assert await second == ["a", ()]
    assert len(counted.sent) == 2
