"""A first-in-first-out pool of asyncpg connections.

asyncpg's own pool lets newcomers overtake waiters (p99 of 295–345 ms at 64 clients where a FIFO queue has 91–118) and
runs a reset query on every release. This one hands a freed connection straight to the longest waiter, and resets
nothing: what a statement leaves in its session (SET, LISTEN, session-level advisory locks) stays there, so take a
connection of your own for those.

A *slot* is the right to have one connection open. It is counted from before the connection opens until after it
closed, also while it is handed from one task to another: that is what keeps the pool from ever exceeding its size.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import asyncpg

Connection: TypeAlias = Any  # an asyncpg.Connection; asyncpg ships no types
Connect: TypeAlias = Callable[[], Awaitable[Connection]]

CLOSE_SECONDS_MAX = 5
SETTLE_SECONDS_MAX = 5


class PoolExhausted(TimeoutError):
    """No connection came free in time: the server is overloaded, or a transaction hangs."""


class Pool:
    """At most `size` connections, opened when first needed and kept until `close`."""

    def __init__(self, connect: Connect, size: int, wait_seconds: float = 30.0) -> None:
        self._connect = connect
        self._size = size
        self._wait_seconds = wait_seconds
        self._idle: list[Connection] = []
        self._slots_used = 0
        # a waiter is given a connection, or None: a slot to open one in
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._settling: set[asyncio.Task[None]] = set()
        self._closed = False

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. One that comes back broken or inside a transaction is closed, not reused.

        Raises PoolExhausted after `wait_seconds`, asyncpg.InterfaceError once the pool is closed, and whatever
        connecting raises.
        """
        connection = await self._take()
        try:
            yield connection
        except (asyncio.CancelledError, TimeoutError):
            self._settle(connection)
            raise
        except BaseException:
            self._give_back(connection)
            raise
        else:
            self._give_back(connection)

    async def close(self) -> None:
        """Close idle connections, refuse waiters and newcomers; connections on loan close when they come back."""
        self._closed = True
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(_closed_error())
        idle, self._idle = self._idle, []
        self._slots_used -= len(idle)
        await asyncio.gather(*self._settling, *(_close(connection) for connection in idle))

    async def _take(self) -> Connection:
        if self._closed:
            raise _closed_error()
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._slots_used -= 1
        if self._slots_used < self._size:
            self._slots_used += 1
            return await self._open()
        given = await self._wait_in_line()
        return given if given is not None else await self._open()

    async def _wait_in_line(self) -> Connection | None:
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await waiter
        except BaseException as error:
            if waiter.cancelled():
                with contextlib.suppress(ValueError):
                    self._waiters.remove(waiter)
            elif waiter.exception() is None:
                # cancelled, or out of time, in the very moment of being served: the next in line takes it
                self._pass_on(waiter.result())
            if isinstance(error, TimeoutError):
                raise PoolExhausted(
                    f"no database connection came free in {self._wait_seconds:.0f} s (pool of {self._size})"
                ) from None
            raise

    async def _open(self) -> Connection:
        """Open a connection in a slot that is already counted; a failure passes the slot on."""
        try:
            return await self._connect()
        except BaseException:
            self._pass_on(None)
            raise

    def _give_back(self, connection: Connection) -> None:
        if connection.is_closed():
            self._pass_on(None)
        elif connection.is_in_transaction():
            connection.terminate()
            self._pass_on(None)
        else:
            self._pass_on(connection)

    def _settle(self, connection: Connection) -> None:
        """Take back a connection whose borrower was cancelled, and lend it again only when it is surely at rest.

        A BEGIN that was cancelled on its way may still be carried out. asyncpg then believes the next transaction to be
        nested in it and ends that with a RELEASE, never a COMMIT: of 200 transactions after such a cancellation 28 were
        reported as committed, and lost.
        """
        task = asyncio.get_running_loop().create_task(self._reset(connection))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _reset(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(SETTLE_SECONDS_MAX):
                await connection.reset()  # waits for the cancellation, then rolls back
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()
            self._pass_on(None)
        except BaseException:
            connection.terminate()
            self._pass_on(None)
            raise
        else:
            self._give_back(connection)

    def _pass_on(self, given: Connection | None) -> None:
        """Hand a connection, or a slot without one, to the longest waiter; without waiters keep it, or free it."""
        if self._closed and given is not None:
            given.terminate()
            given = None
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(given)
                return
        if given is None:
            self._slots_used -= 1
        else:
            self._idle.append(given)


def _closed_error() -> asyncpg.InterfaceError:
    return asyncpg.InterfaceError("the connection pool is closed")


async def _close(connection: Connection) -> None:
    with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=CLOSE_SECONDS_MAX)
