"""Running handlers without a queue: everything that follows has happened, in order, or the first failure is raised."""

import dataclasses
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest

from fedele.db.database import Database
from fedele.jobs import inline
from fedele.jobs.types import Handler, RetryLater
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BellRung(Event):
    """An event of the test."""

    kind: ClassVar[str] = "test.bell_rung"
    times: int


async def ring(database: Database, *times: int) -> None:
    """Commit one event for each number."""
    async with database.transaction() as tx:
        await tx.publish(*(BellRung(member_id=MemberId(new_id()), occurred_at=WHEN, times=count) for count in times))


async def test_everything_that_follows_has_happened(database: Database, admin: Any) -> None:
    """Events in the order in which they were announced, then what their handlers announce; the outbox is empty."""
    seen: list[int] = []

    async def echo(event: BellRung, outbox_id: UUID) -> None:
        assert isinstance(outbox_id, UUID)
        seen.append(event.times)
        if event.times > 1:
            await ring(database, event.times - 1)

    await ring(database, 3, 1)
    assert await inline.run_what_follows(database, [Handler("test.echo", BellRung, echo)]) == 4
    assert seen == [3, 1, 2, 1]
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_failure_is_raised_and_a_wish_to_wait_is_not(database: Database, admin: Any) -> None:
    """The outside world may ask for patience; a handler that fails is a bug, and is seen."""
    patient: list[int] = []

    async def later(event: BellRung, _outbox_id: UUID) -> None:
        patient.append(event.times)
        raise RetryLater(60, "a server said so")

    async def broken(_event: BellRung, _outbox_id: UUID) -> None:
        raise RuntimeError("cracked")

    await ring(database, 1)
    await inline.run_what_follows(database, [Handler("test.later", BellRung, later)])
    assert patient == [1]
    await ring(database, 1)
    with pytest.raises(RuntimeError, match="cracked"):
        await inline.run_what_follows(database, [Handler("test.broken", BellRung, broken)])


async def test_what_never_ends_is_stopped(database: Database, admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handlers that wake each other for ever do not hang the scenario."""
    monkeypatch.setattr(inline, "ROUNDS_MAX", 5)

    async def again(event: BellRung, _outbox_id: UUID) -> None:
        await ring(database, event.times)

    await ring(database, 1)
    with pytest.raises(inline.NeverEnds, match="5 events"):
        await inline.run_what_follows(database, [Handler("test.again", BellRung, again)])
