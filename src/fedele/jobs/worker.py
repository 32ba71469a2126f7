"""The worker: relays, runs jobs and time-driven work, and tells that it lives. Any number may run side by side."""

import asyncio
import contextlib
import dataclasses
import functools
import traceback
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from fedele.db.database import DATABASE_LOST, Database
from fedele.jobs.held import resume_unexhausted
from fedele.jobs.relay import BATCH, listeners_by_kind, relay_once
from fedele.jobs.schedule import run_due
from fedele.jobs.types import Handler, RetryLater, Schedule
from fedele.kernel.clock import moment_now
from fedele.kernel.ids import new_id

log = structlog.get_logger(__name__)

# 2 s, doubling up to ten minutes: almost two hours in all, so that an outage of an hour holds nothing.
ATTEMPTS_MAX = 20
FIRST_RETRY = timedelta(seconds=1)
RETRY_MAX = timedelta(minutes=10)
HEARTBEAT = timedelta(seconds=30)
RELAY_IDLE_SECONDS = 0.05
RECONNECT_SECONDS = 1.0
# How soon an idle worker sees a job left behind by a dead one, or that its own connection is gone: notices cannot tell.
POLL = timedelta(seconds=2)
BEAT_SECONDS = 1.0
SCHEDULE_POLL_SECONDS_MAX = 5.0
RESUME_SECONDS = 10
DRAIN_POLL_SECONDS = 0.02

READY = """
SELECT EXISTS (
    SELECT FROM pgqueuer WHERE status = 'picked' OR (status = 'queued' AND execute_after <= now())
)
"""


class JobFailed(Exception):
    """What went wrong in a handler: the kind of error and the place, never its words.

    The library writes exceptions into its log table, and an error's words may quote a row with somebody's address.
    """

    def __init__(self, error: BaseException) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno} in {frame.name}")


@dataclasses.dataclass(frozen=True, slots=True)
class Worker:
    """What a worker process runs. `role` is the database role taken on its own connections."""

    database: Database
    handlers: Sequence[Handler]
    schedules: Sequence[Schedule] = ()
    role: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is in hand. A lost database is waited for."""
        worker_id = new_id()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forever(stop, self._relay))
            tasks.create_task(self._forever(stop, self._work))
            tasks.create_task(self._forever(stop, functools.partial(self._beat, worker_id=worker_id)))
            # Each to itself: one that takes minutes must hold up neither the others nor the sign of life.
            for schedule in (*self.schedules, self._trim_job_log(), self._resume_held()):
                tasks.create_task(self._forever(stop, functools.partial(self._follow, schedule=schedule)))
        with contextlib.suppress(*DATABASE_LOST, asyncpg.PostgresError):
            async with self.database.transaction() as tx:
                await tx.execute("DELETE FROM worker WHERE id = $1", worker_id)

    async def drain(self) -> None:
        """Relay and run everything that is ready, then return: for tests and one-off commands.

        The library's own drain mode also waits for jobs that are to be retried later; this one does not.
        """
        listeners = listeners_by_kind(self.handlers)
        stop = asyncio.Event()
        async with self._connection() as connection, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._work(stop))
            try:
                # What is waited for happens in the database, which has no event to await.
                while await relay_once(connection, listeners) or await connection.fetchval(READY):  # noqa: ASYNC110
                    await asyncio.sleep(DRAIN_POLL_SECONDS)
            finally:
                stop.set()

    async def _relay(self, stop: asyncio.Event) -> None:
        listeners = listeners_by_kind(self.handlers)
        async with self._connection() as connection:
            while not stop.is_set():
                if await relay_once(connection, listeners) < BATCH:
                    await _wait(stop, RELAY_IDLE_SECONDS)

    async def _work(self, stop: asyncio.Event) -> None:
        async with self._connection() as connection:
            manager = self._manager(connection)
            running = asyncio.create_task(
                manager.run(dequeue_timeout=POLL, batch_size=20, max_concurrent_tasks=40, heartbeat_timeout=HEARTBEAT)
            )
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            finally:
                manager.shutdown.set()
                stopping.cancel()
                await running

    async def _beat(self, stop: asyncio.Event, worker_id: UUID) -> None:
        started_at = moment_now().now
        while not stop.is_set():
            moment = moment_now()
            async with self.database.transaction() as tx:
                await tx.execute(
                    """
                    INSERT INTO worker (id, started_at, seen_at) VALUES ($1, $2, $3)
                    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
                    """,
                    worker_id, started_at, moment.now,
                )  # fmt: skip
                # The rows of workers that died without a word.
                await tx.execute("DELETE FROM worker WHERE seen_at < $1::timestamptz - interval '1 day'", moment.now)
            await _wait(stop, BEAT_SECONDS)

    async def _follow(self, stop: asyncio.Event, schedule: Schedule) -> None:
        """Run this schedule whenever it is due and no other worker was quicker."""
        while not stop.is_set():
            await run_due(self.database, (schedule,), moment_now())
            await _wait(stop, min(schedule.every_seconds / 2, SCHEDULE_POLL_SECONDS_MAX))

    def _trim_job_log(self) -> Schedule:
        """The library's log of jobs and its counts by the second, which nothing else trims."""

        async def trim(_moment: Any) -> None:
            async with self.database.transaction() as tx:
                await tx.execute("DELETE FROM pgqueuer_log WHERE created < now() - interval '14 days' AND aggregated")
                await tx.execute("DELETE FROM pgqueuer_statistics WHERE created < now() - interval '90 days'")

        return Schedule("jobs.trim_log", 3600, trim)

    def _resume_held(self) -> Schedule:
        async def resume(_moment: Any) -> None:
            async with self.database.transaction() as tx:
                await resume_unexhausted(tx, ATTEMPTS_MAX)

        return Schedule("jobs.resume_held", RESUME_SECONDS, resume)

    async def _forever(self, stop: asyncio.Event, part: Any) -> None:
        while not stop.is_set():
            try:
                await part(stop)
            except (*DATABASE_LOST, asyncpg.PostgresError) as error:
                log.warning("worker_waits_for_database", error=str(error))
                await _wait(stop, RECONNECT_SECONDS)
            except Exception:
                # Whatever it is, the other parts go on, and this one starts afresh.
                log.exception("worker_part_failed", part=getattr(part, "__name__", str(part)))
                await _wait(stop, RECONNECT_SECONDS)

    def _manager(self, connection: Any) -> QueueManager:
        manager = QueueManager(Queries(AsyncpgDriver(connection)))
        for handler in self.handlers:
            manager.entrypoint(
                handler.name,
                on_failure="hold",  # the library's default deletes a failed job
                executor_factory=functools.partial(
                    DatabaseRetryEntrypointExecutor,
                    max_attempts=ATTEMPTS_MAX,
                    initial_delay=FIRST_RETRY,
                    max_delay=RETRY_MAX,
                ),
            )(self._entrypoint(handler))
        return manager

    def _entrypoint(self, handler: Handler) -> Any:
        async def execute(job: Job) -> None:
            body = orjson.loads(job.payload or b"{}")
            try:
                await handler.run(handler.event.from_payload(body["event"]), UUID(body["outbox_id"]))
            except RetryLater as later:
                # The library counts every retry as an attempt; being asked to wait is none.
                async with self.database.transaction() as tx:
                    await tx.execute("UPDATE pgqueuer SET attempts = attempts - 1 WHERE id = $1", job.id)
                raise RetryRequested(timedelta(seconds=later.seconds), "asked to come back later") from None
            except Exception as error:
                failed = JobFailed(error)
                frames = "".join(traceback.format_tb(error.__traceback__))
                log.warning("job_failed", handler=handler.name, job=job.id, reason=str(failed), frames=frames)
                raise failed from None

        return execute

    @contextlib.asynccontextmanager
    async def _connection(self) -> Any:
        # The library wants a connection of its own, without our codecs: it sends its JSON as text.
        settings = {"application_name": "fedele-worker", **({"role": self.role} if self.role else {})}
        connection = await asyncpg.connect(self.database.url, server_settings=settings)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not past a stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
