"""What failed too often waits for the operator, who sees why without seeing anybody's data, and lets it go on."""

import dataclasses
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from fedele.db.database import Database
from fedele.jobs.held import list_held_jobs, release_held_jobs
from fedele.jobs.types import Handler
from fedele.jobs.worker import ATTEMPTS_MAX, FIRST_RETRY, RETRY_MAX, Worker
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ADDRESS = "ada.lovelace@example.org"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlateServed(Event):
    """An event of the test."""

    kind: ClassVar[str] = "test.plate_served"


class Kitchen:
    """Two handlers: one works, one fails with words that quote somebody's address until it is mended."""

    def __init__(self, database: Database) -> None:
        self.mended, self.served = False, 0
        handlers = [Handler("test.cook", PlateServed, self.cook), Handler("test.serve", PlateServed, self.cook)]
        self.worker = Worker(database, handlers, role="fedele_app")

    async def cook(self, event: PlateServed, outbox_id: UUID) -> None:
        """Fails until mended."""
        if not self.mended:
            raise KeyError(f"no plate for {ADDRESS}")
        self.served += 1


async def all_held(database: Database, admin: Any, kitchen: Kitchen) -> None:
    """Fail once for real, then a last time."""
    async with database.transaction() as tx:
        await tx.publish(PlateServed(member_id=MemberId(new_id()), occurred_at=WHEN))
    await kitchen.worker.drain()
    await admin.execute("UPDATE pgqueuer SET attempts = $1, execute_after = now()", ATTEMPTS_MAX)
    await kitchen.worker.drain()


async def test_an_operator_sees_why_and_lets_them_go_on(database: Database, admin: Any) -> None:
    """Held jobs are listed with handler, attempts and place; released, the work is done and nothing stays."""
    kitchen = Kitchen(database)
    await all_held(database, admin, kitchen)
    cook, serve = sorted(await list_held_jobs(database.reader), key=lambda job: job.handler)
    assert (cook.handler, cook.attempts) == ("test.cook", ATTEMPTS_MAX)
    assert cook.reason is not None
    assert cook.reason.startswith("KeyError at test_held_jobs.py:")
    kitchen.mended = True
    async with database.transaction() as tx:
        assert await release_held_jobs(tx, [cook.id]) == 1
    await kitchen.worker.drain()
    assert [job.id for job in await list_held_jobs(database.reader)] == [serve.id]
    async with database.transaction() as tx:
        assert await release_held_jobs(tx, handler="test.nobody") == 0
        assert await release_held_jobs(tx) == 1
    await kitchen.worker.drain()
    assert kitchen.served == 2
    assert await admin.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_an_errors_words_are_kept_nowhere(database: Database, admin: Any) -> None:
    """The library's log table holds the failures, and not the address that the error quoted."""
    await all_held(database, admin, Kitchen(database))
    kept = await admin.fetch("SELECT traceback::text AS text FROM pgqueuer_log WHERE traceback IS NOT NULL")
    assert len(kept) == 4, "both handlers failed twice"
    assert all("KeyError" in row["text"] for row in kept)
    assert not [row for row in kept if ADDRESS in row["text"]]


async def test_the_librarys_log_does_not_grow_for_ever(database: Database, admin: Any) -> None:
    """What is two weeks old and counted goes; what is not yet counted, or younger, stays."""
    for age, aggregated in (("15 days", True), ("15 days", False), ("13 days", True)):
        await admin.execute(
            "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint, aggregated) "
            f"VALUES (now() - interval '{age}', 1, 'successful', 0, 'test.cook', {aggregated})"
        )
    await Worker(database, [])._trim_job_log().run(Moment(WHEN))
    kept = await admin.fetch("SELECT aggregated FROM pgqueuer_log ORDER BY created")
    assert [row["aggregated"] for row in kept] == [False, True]


def test_an_hours_outage_holds_nothing() -> None:
    """The waits between all attempts come to more than an hour and a half."""
    waits = [min(FIRST_RETRY * 2**attempt, RETRY_MAX) for attempt in range(ATTEMPTS_MAX)]
    assert sum(wait.total_seconds() for wait in waits) > 90 * 60
