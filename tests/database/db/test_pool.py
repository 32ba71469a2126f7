"""What the connection pool promises, against the real pool and a real server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from fedele.db.database import Database, connect, open_database
from fedele.db.pool import Pool, PoolExhausted

CANCEL_AFTER_LOOP_TURNS_MAX = 20


class Opened:
    """Opens connections and counts how many are open at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.connections: list[Any] = []
        self.most_at_once = 0

    async def __call__(self) -> Any:
        """Open one."""
        connection = await connect(self._url)
        self.connections.append(connection)
        self.most_at_once = max(self.most_at_once, sum(not c.is_closed() for c in self.connections))
        return connection


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Opened]:
    """Real connections, closed at the end whatever the test did to the pool."""
    opened = Opened(database_url)
    yield opened
    for connection in opened.connections:
        connection.terminate()


async def test_waiters_are_served_in_the_order_they_came(opened: Opened) -> None:
    """The longest waiter gets the freed connection; a newcomer who asks in that moment stands behind."""
    pool = Pool(opened, size=1)
    served: list[int] = []

    async def borrow(number: int) -> None:
        async with pool.connection() as connection:
            served.append(number)
            await connection.fetchval("SELECT 1")

    async with pool.connection():
        tasks = []
        for number in range(5):
            tasks.append(asyncio.create_task(borrow(number)))
            await asyncio.sleep(0)
    tasks.append(asyncio.create_task(borrow(99)))  # comes after the release and before any waiter ran
    await asyncio.gather(*tasks)
    assert served == [0, 1, 2, 3, 4, 99]
    assert len(opened.connections) == 1
    await pool.close()


async def test_a_waiter_who_is_cancelled_leaves_the_line(opened: Opened) -> None:
    """Cancelling a waiter neither loses the connection nor delays those behind."""
    pool = Pool(opened, size=1)

    async def borrow() -> int:
        async with pool.connection() as connection:
            return int(await connection.fetchval("SELECT 1"))

    async with pool.connection():
        first, second = asyncio.create_task(borrow()), asyncio.create_task(borrow())
        await asyncio.sleep(0)
        first.cancel()
    assert await asyncio.wait_for(second, 30) == 1
    assert first.cancelled()
    await pool.close()


async def test_a_waiter_cancelled_while_being_served_passes_it_on(opened: Opened) -> None:
    """A connection handed to a task that is cancelled before it wakes reaches the next in line."""
    pool = Pool(opened, size=1)

    async def borrow() -> int:
        async with pool.connection() as connection:
            return int(await connection.fetchval("SELECT 1"))

    async with pool.connection():
        first, second = asyncio.create_task(borrow()), asyncio.create_task(borrow())
        await asyncio.sleep(0)
    first.cancel()  # its turn has come, but it has not run yet
    assert await asyncio.wait_for(second, 30) == 1
    with contextlib.suppress(asyncio.CancelledError):
        await first
    await pool.close()


async def test_a_slot_given_to_a_cancelled_waiter_is_not_lost(opened: Opened) -> None:
    """When the freed connection is broken, the waiter gets its slot; cancelled, that slot goes to the next in line."""
    pool = Pool(opened, size=1, wait_seconds=2)

    async def borrow() -> int:
        async with pool.connection() as connection:
            return int(await connection.fetchval("SELECT 1"))

    async with pool.connection() as connection:
        first, second = asyncio.create_task(borrow()), asyncio.create_task(borrow())
        await asyncio.sleep(0)
        connection.terminate()
    first.cancel()
    assert await second == 1
    with contextlib.suppress(asyncio.CancelledError):
        await first
    await pool.close()


async def test_a_slot_on_its_way_to_a_waiter_is_not_given_twice(opened: Opened) -> None:
    """A newcomer who asks between a broken connection's return and the waiter's waking cannot exceed the size."""
    pool = Pool(opened, size=1)

    async def hold() -> None:
        async with pool.connection() as connection:
            await connection.fetchval("SELECT pg_sleep(0.02)")

    async with pool.connection() as connection:
        waiter = asyncio.create_task(hold())
        await asyncio.sleep(0)
        connection.terminate()
    await asyncio.gather(waiter, hold())
    assert opened.most_at_once == 1
    await pool.close()


async def test_a_broken_connection_is_replaced(opened: Opened, admin: Any) -> None:
    """A connection that the server cut, on loan or idle, is never lent again."""
    pool = Pool(opened, size=1)
    with pytest.raises(asyncpg.PostgresError):
        async with pool.connection() as connection:
            await connection.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")
    async with pool.connection() as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
    await admin.fetchval("SELECT pg_terminate_backend($1)", pid)
    await asyncio.wait_for(lost.wait(), 30)
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != pid
    await pool.close()


async def test_a_connection_returned_inside_a_transaction_is_closed(opened: Opened) -> None:
    """Nobody inherits another's open transaction."""
    pool = Pool(opened, size=1)
    async with pool.connection() as connection:
        await connection.execute("BEGIN")
    async with pool.connection() as another:
        assert another is not connection
        assert not another.is_in_transaction()
    assert connection.is_closed()
    await pool.close()


async def test_exhaustion_is_said_and_leaves_the_pool_usable(opened: Opened) -> None:
    """Waiting too long raises PoolExhausted; the connection that comes back later is lent as before."""
    pool = Pool(opened, size=1, wait_seconds=0.02)
    async with pool.connection():
        with pytest.raises(PoolExhausted, match="pool of 1"):
            async with pool.connection():
                pytest.fail("there was only one connection")
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_failure_to_connect_frees_the_slot(opened: Opened) -> None:
    """An error while connecting reaches the caller, and the next one may try again."""
    failures = [ConnectionRefusedError("the server is away")]

    async def connect_or_fail() -> Any:
        if failures:
            raise failures.pop()
        return await opened()

    pool = Pool(connect_or_fail, size=1)
    with pytest.raises(ConnectionRefusedError):
        async with pool.connection():
            pytest.fail("it could not connect")
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await pool.close()


async def test_closing_refuses_those_who_wait_and_those_who_come(opened: Opened) -> None:
    """`close` wakes the waiters with an error at once, opens nothing any more, and closes what comes back."""
    pool = Pool(opened, size=1)

    async def borrow() -> None:
        async with pool.connection():
            pytest.fail("a closed pool lends nothing")

    async with pool.connection() as connection:
        waiter = asyncio.create_task(borrow())
        await asyncio.sleep(0)
        await pool.close()
        with pytest.raises(asyncpg.InterfaceError, match="closed"):
            await asyncio.wait_for(waiter, 30)
    assert connection.is_closed()
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await borrow()
    assert len(opened.connections) == 1


async def test_a_storm_of_cancellations_leaves_every_slot(opened: Opened) -> None:
    """After hundreds of borrowers, many of them cancelled at any point, the pool still lends all it has, never more."""
    pool = Pool(opened, size=3, wait_seconds=5)

    async def borrow(number: int) -> None:
        async with pool.connection() as connection:
            await connection.fetchval("SELECT pg_sleep(0.001)")
            if number % 17 == 0:
                connection.terminate()

    tasks = []
    for number in range(300):
        tasks.append(asyncio.create_task(borrow(number)))
        if number % 3 == 0:
            await asyncio.sleep(0)
        if number % 2 == 0:
            tasks[number // 2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with contextlib.AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(pool.connection()) for _ in range(3)]
        assert len(set(map(id, connections))) == 3
    assert opened.most_at_once <= 3
    await pool.close()


async def commits_after_cancellations(database: Database, admin: Any) -> list[int]:
    """Cancel a transaction after 0, 1, 2 … turns of the loop; then commit a member; which commits were lost?"""
    lost = []
    for turns in [*range(CANCEL_AFTER_LOOP_TURNS_MAX)] * 5:
        member_id = await admin.fetchval("SELECT gen_random_uuid()")

        async def victim() -> None:
            async with database.transaction() as tx:
                await tx.fetch_value("SELECT 1")

        task = asyncio.create_task(victim())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.transaction() as tx:
            await tx.lock_member(member_id)
        if not await admin.fetchval("SELECT EXISTS (SELECT FROM member_version WHERE member_id = $1)", member_id):
            lost.append(turns)
    return lost


async def test_a_cancelled_begin_loses_nobodys_commit(database_url: str, admin: Any) -> None:
    """What commits after a cancelled neighbour is committed: the connection is lent again only when it is at rest."""
    database = open_database(database_url, size=1, role="fedele_app")
    try:
        assert await commits_after_cancellations(database, admin) == []
    finally:
        await database.close()


async def test_without_settling_commits_are_lost(
    database_url: str, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a pool that lends a cancelled borrower's connection at once loses commits, and the test sees it."""
    monkeypatch.setattr(Pool, "_settle", Pool._give_back)
    database = open_database(database_url, size=1, role="fedele_app")
    try:
        lost: object = await commits_after_cancellations(database, admin)
    except asyncpg.PostgresError as confused:  # or its next borrower is thrown out of a transaction it never began
        lost = [confused]
    finally:
        await database.close()
    assert lost != []
