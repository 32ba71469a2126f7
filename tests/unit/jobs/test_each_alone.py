"""Work by the clock for many: what fails for one stops nobody else, and a lost database stops all."""

import pytest

from fedele.jobs.alone import each_alone


async def test_what_fails_for_one_stops_nobody_else() -> None:
    """The second of three fails: the others are done, in order, and counted."""
    done: list[int] = []

    async def work(number: int) -> None:
        if number == 2:
            raise ValueError("broken")
        done.append(number)

    assert await each_alone("test.work", (1, 2, 3), work) == 2
    assert done == [1, 3]


async def test_a_lost_database_ends_the_whole() -> None:
    """Nobody is tried after the connection broke: the next round begins anew."""
    tried: list[int] = []

    async def work(number: int) -> None:
        tried.append(number)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await each_alone("test.work", (1, 2, 3), work)
    assert tried == [1]
