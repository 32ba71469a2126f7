"""What the worker promises: every committed announcement is handled, failures are kept, time-driven work runs once."""

import asyncio
import contextlib
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from fedele.db.database import Database
from fedele.jobs.relay import listeners_by_kind
from fedele.jobs.schedule import run_due
from fedele.jobs.types import Handler, RetryLater, Schedule
from fedele.jobs.worker import ATTEMPTS_MAX, Worker
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CupFilled(Event):
    """An event of the test."""

    kind: ClassVar[str] = "test.cup_filled"
    cups: int


async def publish(database: Database, *cups: int) -> None:
    """Commit one event for each number of cups."""
    async with database.transaction() as tx:
        await tx.publish(*(CupFilled(member_id=MemberId(new_id()), occurred_at=WHEN, cups=count) for count in cups))


async def test_each_handler_gets_each_event_once(database: Database, admin: Any) -> None:
    """Two handlers of one kind both run, with the event as it was published, and the outbox is empty afterwards."""
    seen: list[tuple[str, int, UUID]] = []

    def handler(name: str) -> Handler:
        async def run(event: CupFilled, outbox_id: UUID) -> None:
            seen.append((name, event.cups, outbox_id))

        return Handler(name, CupFilled, run)

    await publish(database, 1, 2, 3)
    await Worker(database, [handler("test.a"), handler("test.b")], role="fedele_app").drain()
    assert sorted((name, cups) for name, cups, _ in seen) == [(n, c) for n in ("test.a", "test.b") for c in (1, 2, 3)]
    assert len({outbox_id for _, _, outbox_id in seen}) == 3
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 0
    assert await admin.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_handlers_may_announce_further_events(database: Database, admin: Any) -> None:
    """Draining goes on until what handlers publish has been handled too."""
    seen: list[int] = []

    async def run(event: CupFilled, outbox_id: UUID) -> None:
        seen.append(event.cups)
        if event.cups > 1:
            await publish(database, event.cups - 1)

    await publish(database, 3)
    await Worker(database, [Handler("test.chain", CupFilled, run)], role="fedele_app").drain()
    assert seen == [3, 2, 1]


async def test_a_failing_job_is_held_and_others_go_on(database: Database, admin: Any) -> None:
    """A job that fails too often is kept for the operator, not deleted, and does not stop its neighbours."""
    seen: list[int] = []

    async def run(event: CupFilled, outbox_id: UUID) -> None:
        if event.cups == 13:
            raise RuntimeError("the cup broke")
        seen.append(event.cups)

    worker = Worker(database, [Handler("test.fragile", CupFilled, run)], role="fedele_app")
    await publish(database, 13, 1, 2)
    await worker.drain()
    assert sorted(seen) == [1, 2]
    assert await admin.fetchval("SELECT status::text FROM pgqueuer") == "queued"
    await admin.execute("UPDATE pgqueuer SET attempts = $1, execute_after = now()", ATTEMPTS_MAX)
    await worker.drain()
    assert await admin.fetchval("SELECT status::text FROM pgqueuer") == "failed"


async def test_retry_later_waits_as_told(database: Database, admin: Any) -> None:
    """A handler that was told to come back in an hour is queued for then."""

    async def run(event: CupFilled, outbox_id: UUID) -> None:
        raise RetryLater(3600, "the server said Retry-After: 3600")

    await publish(database, 1)
    await Worker(database, [Handler("test.later", CupFilled, run)], role="fedele_app").drain()
    wait = await admin.fetchval("SELECT execute_after - now() FROM pgqueuer WHERE status = 'queued'")
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)


async def test_waiting_is_not_a_failed_attempt(database: Database, admin: Any) -> None:
    """A handler that was asked to wait twice and then fails has failed once: the next try comes, and all of them."""
    calls = 0

    async def run(event: CupFilled, outbox_id: UUID) -> None:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise RetryLater(0, "the server said Retry-After: 0")
        raise RuntimeError("the cup broke")

    await publish(database, 1)
    await Worker(database, [Handler("test.patient", CupFilled, run)], role="fedele_app").drain()
    row = await admin.fetchrow("SELECT status::text, attempts FROM pgqueuer")
    assert calls == 3
    assert (row["status"], row["attempts"]) == ("queued", 1)


async def test_a_long_schedule_holds_up_neither_the_others_nor_the_sign_of_life(database: Database, admin: Any) -> None:
    """While one piece of time-driven work hangs, another goes on running and the worker's row stays fresh."""
    ran, hung = asyncio.Event(), asyncio.Event()

    async def hang(moment: Moment) -> None:
        hung.set()
        await asyncio.sleep(3600)

    async def run(moment: Moment) -> None:
        if hung.is_set():
            ran.set()

    stop = asyncio.Event()
    schedules = [Schedule("test.hanging", 3600, hang), Schedule("test.quick", 0.2, run)]
    working = asyncio.create_task(Worker(database, [], schedules, role="fedele_app").run(stop))
    await asyncio.wait_for(ran.wait(), 60)
    first = await admin.fetchval("SELECT seen_at FROM worker")
    async with asyncio.timeout(60):
        while await admin.fetchval("SELECT seen_at FROM worker") == first:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def test_two_workers_share_the_work_without_doubling_it(database: Database, admin: Any) -> None:
    """Side by side, two workers handle 200 events once each."""
    seen: list[int] = []
    finished = asyncio.Event()

    async def run(event: CupFilled, outbox_id: UUID) -> None:
        seen.append(event.cups)
        if len(seen) == 200:
            finished.set()

    stop = asyncio.Event()
    workers = [Worker(database, [Handler("test.shared", CupFilled, run)], role="fedele_app") for _ in range(2)]
    running = [asyncio.create_task(worker.run(stop)) for worker in workers]
    await publish(database, *range(200))
    await asyncio.wait_for(finished.wait(), 60)
    assert await admin.fetchval("SELECT count(*) FROM worker") == 2
    stop.set()
    await asyncio.gather(*running)
    assert sorted(seen) == list(range(200))
    assert await admin.fetchval("SELECT count(*) FROM worker") == 0


async def test_time_driven_work_runs_once_when_due(database: Database, admin: Any) -> None:
    """Ten workers asking at once run a due schedule once, and again only when it is due again."""
    runs: list[datetime] = []

    async def run(moment: Moment) -> None:
        runs.append(moment.now)

    async def fail(moment: Moment) -> None:
        raise RuntimeError("broken")

    schedules = [Schedule("test.broken", 60, fail), Schedule("test.minutely", 60, run)]
    await asyncio.gather(*(run_due(database, schedules, Moment(WHEN)) for _ in range(10)))
    assert runs == [WHEN]
    assert await run_due(database, schedules, Moment(WHEN + timedelta(seconds=59))) == []
    assert await run_due(database, schedules, Moment(WHEN + timedelta(seconds=61))) == ["test.minutely"]


def test_handlers_need_names_of_their_own() -> None:
    """Two handlers of one name would swallow each other's jobs: refused at start."""

    async def run(event: CupFilled, outbox_id: UUID) -> None: ...

    with pytest.raises(ValueError, match=r"test\.same"):
        listeners_by_kind([Handler("test.same", CupFilled, run), Handler("test.same", CupFilled, run)])
