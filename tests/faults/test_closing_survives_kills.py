"""The day's close is killed again and again, and run by two at once: every batch is done once, and the books agree."""

import asyncio
import random
from datetime import timedelta
from typing import Any

from fedele.db.database import Database
from fedele.domains.ledger.queries import verify
from tests.factories.closing import DAY, MIDNIGHT, gives, rome
from tests.factories.members import enrolled
from tests.fixtures.processes import Start, until

CLOSER = "tests.faults.processes.closing_worker"
MEMBERS_COUNT = 80


async def a_busy_day(database: Database) -> None:
    """Everybody has units that settle, that expire, and that are to be announced."""
    await rome(database)
    for _ in range(MEMBERS_COUNT):
        member_id = await enrolled(database)
        await gives(database, member_id, 10, activates_at=MIDNIGHT, expires_at=MIDNIGHT + timedelta(days=300))
        await gives(database, member_id, 20, expires_at=MIDNIGHT)
        await gives(database, member_id, 40, expires_at=MIDNIGHT + timedelta(days=30))


async def finished(admin: Any) -> bool:
    """Whether the day is closed."""
    return bool(await admin.fetchval("SELECT finished_at IS NOT NULL FROM closing_day WHERE day = $1", DAY))


async def counted(admin: Any) -> int:
    """For how many members the counting step has committed."""
    count: int = await admin.fetchval("SELECT count(*) FROM tier_counter")
    return count


async def kill_in_mid_work(start_process: Start, database_url: str, admin: Any, *more: str, kills: int) -> None:
    """Kill the closer so often, each time when it has got further than the one before; the last one gets through."""
    dice = random.Random(7)
    for _ in range(kills):
        before = await counted(admin)

        async def further(before: int = before) -> bool:
            return await counted(admin) > before

        closer = await start_process(CLOSER, database_url, *more)
        await until(further)
        await asyncio.sleep(dice.random() * 0.05)
        await closer.kill()
        assert not await finished(admin), "the kill came too late: the test has shown nothing"
    await start_process(CLOSER, database_url, *more)
    await until(lambda: finished(admin))


async def test_kills_do_no_batch_twice_and_lose_none(
    database: Database, admin: Any, start_process: Start, database_url: str
) -> None:
    """Killed at random until the day is closed: each member settled, swept, told and counted exactly once."""
    await a_busy_day(database)
    await kill_in_mid_work(start_process, database_url, admin, kills=3)
    assert await admin.fetchval("SELECT array_agg(DISTINCT amount) FROM tier_counter") == [1]
    assert await admin.fetchval("SELECT count(*) FROM tier_counter") == MEMBERS_COUNT
    kinds = await admin.fetch("SELECT kind, count(*) AS n FROM ledger_transaction GROUP BY kind ORDER BY kind")
    assert [tuple(row) for row in kinds] == [
        ("earn", 3 * MEMBERS_COUNT), ("expire", MEMBERS_COUNT), ("settle", MEMBERS_COUNT),
    ]  # fmt: skip
    assert await admin.fetchval("SELECT count(*) FROM expiry_announcement") == MEMBERS_COUNT
    told = await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'closing.expiry_announced'")
    assert told == MEMBERS_COUNT
    assert await admin.fetchval("SELECT count(*) FROM closing_batch") == 0
    assert await admin.fetchval("SELECT count(*) FROM closing_failure") == 0
    assert await verify(database.reader) == []


async def test_two_closers_of_whom_one_is_killed(
    database: Database, admin: Any, start_process: Start, database_url: str
) -> None:
    """The one that lives takes the dead one's batches over, and does none of its finished ones again."""
    await a_busy_day(database)
    first, _second = [await start_process(CLOSER, database_url) for _ in range(2)]
    await asyncio.sleep(0.2)
    await first.kill()
    await until(lambda: finished(admin))
    assert await admin.fetchval("SELECT array_agg(DISTINCT amount) FROM tier_counter") == [1]
    assert await admin.fetchval("SELECT count(*) FROM tier_counter") == MEMBERS_COUNT


async def test_control_work_outside_the_batchs_transaction_is_done_twice(
    database: Database, admin: Any, start_process: Start, database_url: str
) -> None:
    """A step that commits by itself before its batch is noted as done: a kill doubles it, and the count shows it."""
    await a_busy_day(database)
    await kill_in_mid_work(start_process, database_url, admin, "--careless", kills=1)
    assert await admin.fetchval("SELECT max(amount) FROM tier_counter") > 1
