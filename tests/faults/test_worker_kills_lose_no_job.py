"""A worker is killed again and again: every committed event still reaches every handler, with its effect once."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from fedele.db.database import Database
from fedele.jobs.worker import ATTEMPTS_MAX
from fedele.kernel.ids import MemberId, new_id
from tests.faults.processes.counting_worker import EPOCH, CupFilled
from tests.fixtures.processes import Start, until

WORKER = "tests.faults.processes.counting_worker"
HONEST = ("test.a", "test.b")

TABLES = """
CREATE TABLE test_run (
    handler text NOT NULL, outbox_id uuid NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE test_effect (handler text NOT NULL, outbox_id uuid NOT NULL, PRIMARY KEY (handler, outbox_id));
GRANT SELECT, INSERT ON test_run, test_effect TO fedele_app;
"""


@pytest.fixture
async def noted(admin: Any) -> AsyncIterator[Any]:
    """The tables in which the handlers leave their rows."""
    await admin.execute("DROP TABLE IF EXISTS test_run, test_effect")
    await admin.execute(TABLES)
    yield admin
    await admin.execute("DROP TABLE test_run, test_effect")


async def publish(database: Database, *cups: int) -> None:
    """Commit one event for each."""
    async with database.transaction() as tx:
        await tx.publish(*(CupFilled(member_id=MemberId(new_id()), occurred_at=EPOCH, cups=count) for count in cups))


async def let_heartbeats_run_out(admin: Any) -> int:
    """The half minute after which the living take over from the dead, without waiting for it; answers for how many."""
    rows = await admin.fetch(
        "UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 minute' WHERE id IN "
        "(SELECT id FROM pgqueuer WHERE status = 'picked' FOR UPDATE SKIP LOCKED) RETURNING id"
    )
    return len(rows)


async def effects(admin: Any, *handlers: str) -> int:
    """How many effects these handlers had."""
    count: int = await admin.fetchval("SELECT count(*) FROM test_effect WHERE handler = ANY($1::text[])", handlers)
    return count


async def test_kills_lose_nothing(database: Database, noted: Any, start_process: Start, database_url: str) -> None:
    """300 events for two handlers while the worker is killed six times: 600 effects, none lost; some ran twice."""
    dice, in_hand = random.Random(7), 0
    for _ in range(6):
        worker = await start_process(WORKER, database_url)
        await publish(database, *range(100, 150))
        await asyncio.sleep(0.3 + dice.random() * 0.3)
        await worker.kill()
        in_hand += await let_heartbeats_run_out(noted)
    assert in_hand > 0, "no kill hit a job in hand: the test has shown nothing"
    last = await start_process(WORKER, database_url)

    async def all_done() -> bool:
        return await effects(noted, *HONEST) == 600

    await until(all_done)
    await last.stop()
    assert await noted.fetchval("SELECT count(*) FROM outbox") == 0
    assert await noted.fetchval("SELECT count(*) FROM test_run WHERE handler = ANY($1::text[])", HONEST) > 600


async def test_a_careless_relay_is_caught(
    database: Database, noted: Any, start_process: Start, database_url: str
) -> None:
    """Control: a relay that deletes in one transaction and dies before it enqueues loses events, and this shows it."""
    careless = await start_process(WORKER, database_url, "--careless")
    await publish(database, *range(100, 150))
    await careless.wait_killed()
    honest = await start_process(WORKER, database_url)
    await publish(database, 200)

    async def last_done() -> bool:
        return await effects(noted, *HONEST) >= 2

    await until(last_done)
    await honest.stop()
    assert await effects(noted, *HONEST) < 102


async def test_two_workers_and_one_killed(
    database: Database, noted: Any, start_process: Start, database_url: str
) -> None:
    """The one that lives finishes its own and takes over from the dead one."""
    first, second = [await start_process(WORKER, database_url) for _ in range(2)]
    await publish(database, *range(100, 200))
    await asyncio.sleep(0.3)
    await first.kill()
    # Only the dead one's: those of the living are beaten again within seconds, and a job may run twice anyhow.
    await let_heartbeats_run_out(noted)
    await publish(database, 200)

    async def all_done() -> bool:
        return await effects(noted, *HONEST) == 202

    await until(all_done)
    await second.stop()


async def test_cut_connections_are_survived(
    database: Database, noted: Any, start_process: Start, database_url: str
) -> None:
    """The database drops every connection of the worker, eight times, in mid-work: the same process finishes it all."""
    worker, cut_count = await start_process(WORKER, database_url), 0
    for _ in range(8):
        await publish(database, *range(100, 125))
        await asyncio.sleep(0.4)
        cut = await noted.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'fedele-worker'"
        )
        cut_count += len(cut)
        await let_heartbeats_run_out(noted)
    assert cut_count >= 4, "hardly anything was cut: the test has shown nothing"

    async def all_done() -> bool:
        await let_heartbeats_run_out(noted)
        return await effects(noted, *HONEST) == 400

    await until(all_done)
    await worker.stop()


async def test_a_failing_handler_is_retried_then_held_and_blocks_nobody(
    database: Database, noted: Any, start_process: Start, database_url: str
) -> None:
    """Failing once: done at the second try, after the first back-off. Failing always: later each time, then kept."""
    worker = await start_process(WORKER, database_url)
    await publish(database, 13, *range(100, 110))

    async def others_done() -> bool:
        return await effects(noted, *HONEST) == 22 and await effects(noted, "test.flaky", "test.fragile") == 21

    await until(others_done)
    gap = await noted.fetchval(
        "SELECT min(last - first) FROM (SELECT min(at) AS first, max(at) AS last FROM test_run "
        "WHERE handler = 'test.flaky' GROUP BY outbox_id) AS runs"
    )
    assert gap.total_seconds() >= 1

    async def tried_twice() -> bool:
        runs: int = await noted.fetchval(
            "SELECT count(*) FROM test_run WHERE handler = 'test.fragile' AND outbox_id NOT IN "
            "(SELECT outbox_id FROM test_effect WHERE handler = 'test.fragile')"
        )
        return runs >= 3

    await until(tried_twice)
    waits = await noted.fetch(
        "SELECT at - lag(at) OVER (ORDER BY at) AS wait FROM test_run WHERE handler = 'test.fragile' "
        "AND outbox_id NOT IN (SELECT outbox_id FROM test_effect WHERE handler = 'test.fragile') ORDER BY at"
    )
    first, second = (row["wait"].total_seconds() for row in waits[1:3])
    assert second > first * 1.3
    await noted.execute("UPDATE pgqueuer SET attempts = $1, execute_after = now()", ATTEMPTS_MAX)
    await publish(database, 111)

    async def held() -> bool:
        status = await noted.fetchval("SELECT status::text FROM pgqueuer WHERE entrypoint = 'test.fragile'")
        return status == "failed" and await effects(noted, *HONEST) == 24

    await until(held)
    await worker.stop()
    assert await noted.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'failed'") == 1


async def test_asked_to_stop_it_finishes_what_it_has(
    database: Database, noted: Any, start_process: Start, database_url: str
) -> None:
    """SIGTERM: no job is left picked, and the worker's row is gone."""
    worker = await start_process(WORKER, database_url)
    await publish(database, *range(100, 200))
    await asyncio.sleep(0.4)
    await worker.stop()
    assert await noted.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'picked'") == 0
    assert await noted.fetchval("SELECT count(*) FROM worker") == 0


async def test_a_job_held_with_attempts_left_is_tried_again(
    database: Database, noted: Any, start_process: Start, database_url: str
) -> None:
    """What the library held because it could not note the retry comes back by itself; what is exhausted stays."""
    await publish(database, 100, 101)
    worker = await start_process(WORKER, database_url)

    async def done() -> bool:
        return await effects(noted, *HONEST) == 4

    await until(done)
    insert = (
        "INSERT INTO pgqueuer (priority, entrypoint, payload, status, attempts) "
        "SELECT 0, 'test.a', convert_to(jsonb_build_object('outbox_id', uuidv7(), 'event', $2::text::jsonb)::text, "
        "'UTF8'), 'failed', $1"
    )
    event = orjson.dumps(CupFilled(member_id=MemberId(new_id()), occurred_at=EPOCH, cups=1).payload()).decode()
    await noted.execute(insert, 3, event)
    await noted.execute(insert, ATTEMPTS_MAX, event)

    async def resumed() -> bool:
        return await effects(noted, *HONEST) == 5

    await until(resumed)
    await worker.stop()
    assert await noted.fetchval("SELECT array_agg(attempts) FROM pgqueuer WHERE status = 'failed'") == [ATTEMPTS_MAX]
