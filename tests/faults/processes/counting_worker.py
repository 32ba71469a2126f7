"""A real worker process whose handlers leave a row for every run, to be killed by tests/faults/test_worker_kills….

usage: python -m tests.faults.processes.counting_worker DATABASE_URL [--careless]
"""

import asyncio
import dataclasses
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from fedele.db.database import Database, open_database
from fedele.jobs import worker as worker_module
from fedele.jobs.types import Handler
from fedele.jobs.worker import Worker
from fedele.kernel.event import Event

EPOCH = datetime(2026, 11, 21, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CupFilled(Event):
    """An event of the test."""

    kind: ClassVar[str] = "test.cup_filled"
    cups: int


def handlers(database: Database) -> list[Handler]:
    """Two honest handlers, one that fails twice for each event, and one that can never handle cup 13."""

    async def note(name: str, outbox_id: UUID) -> int:
        """Leave a row for the run and one, once, for the effect; answers how many runs there were."""
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO test_run (handler, outbox_id) VALUES ($1, $2)", name, outbox_id)
            return int(
                await tx.fetch_value(
                    "SELECT count(*) FROM test_run WHERE handler = $1 AND outbox_id = $2", name, outbox_id
                )
            )

    async def effect(name: str, outbox_id: UUID) -> None:
        async with database.transaction() as tx:
            await tx.execute(
                "INSERT INTO test_effect (handler, outbox_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, outbox_id
            )

    def honest(name: str) -> Handler:
        async def run(event: CupFilled, outbox_id: UUID) -> None:
            await note(name, outbox_id)
            await asyncio.sleep(0.01)  # a kill may land here: ran, without effect
            await effect(name, outbox_id)
            await asyncio.sleep(0.01)  # or here: has effect, but the queue does not know

        return Handler(name, CupFilled, run)

    async def flaky(event: CupFilled, outbox_id: UUID) -> None:
        if await note("test.flaky", outbox_id) < 2:
            raise RuntimeError("not the first time")
        await effect("test.flaky", outbox_id)

    async def fragile(event: CupFilled, outbox_id: UUID) -> None:
        await note("test.fragile", outbox_id)
        if event.cups == 13:
            raise RuntimeError("the cup broke")
        await effect("test.fragile", outbox_id)

    return [
        honest("test.a"),
        honest("test.b"),
        Handler("test.flaky", CupFilled, flaky),
        Handler("test.fragile", CupFilled, fragile),
    ]


async def careless_relay(connection: Any, listeners: Any) -> int:
    """What a relay must not do: take rows in one transaction, mean to enqueue them in the next, and die in between."""
    rows = await connection.fetch("DELETE FROM outbox RETURNING id")
    if rows:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(rows)


async def main(url: str, careless: bool) -> None:
    """Work until SIGTERM, or until killed."""
    if careless:
        worker_module.relay_once = careless_relay  # type: ignore[assignment]
    database = open_database(url, role="fedele_app")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await Worker(database, handlers(database), role="fedele_app").run(stop)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], "--careless" in sys.argv))
