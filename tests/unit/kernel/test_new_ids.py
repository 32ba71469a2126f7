"""Identifiers are never given twice: not within a process, not by a process and its child."""

import os
from uuid import UUID

from fedele.kernel.ids import new_id


def random_part(one: UUID) -> int:
    """The 62 bits that neither time nor counter say."""
    return one.int & (1 << 62) - 1


def test_ids_rise_and_never_repeat_their_random_part() -> None:
    """Ten thousand in a row, more than the clock has milliseconds for."""
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len({random_part(one) for one in made}) == len(made)
    assert {one.version for one in made} == {7}


def test_a_forked_child_draws_randomness_of_its_own() -> None:
    """What the parent had asked for in advance is not given out twice."""
    new_id()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"".join(new_id().bytes for _ in range(50)))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    theirs = {random_part(UUID(bytes=told[place : place + 16])) for place in range(0, len(told), 16)}
    assert len(theirs) == 50
    assert theirs.isdisjoint(random_part(new_id()) for _ in range(200))
