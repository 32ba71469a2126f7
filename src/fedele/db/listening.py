"""LISTEN on a connection of its own that comes back after the server restarted or a network cut it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg

RETRY_SECONDS = 1.0


@contextlib.asynccontextmanager
async def listen(connect: Callable[[], Awaitable[Any]], channel: str, heard: asyncio.Queue[str]) -> AsyncIterator[None]:
    """Put each notice's payload on the queue while the block runs.

    A lost connection is replaced; then an empty payload says that notices may have been missed: look for yourself.
    Raises what connecting raises, the first time only.
    """
    connection, lost = await _open(connect, channel, heard)

    async def keep_listening() -> None:
        nonlocal connection, lost
        while True:
            await lost.wait()
            try:
                connection, lost = await _open(connect, channel, heard)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(RETRY_SECONDS)
            else:
                heard.put_nowait("")

    keeper = asyncio.create_task(keep_listening(), name=f"listening on {channel}")
    try:
        yield
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.close(timeout=RETRY_SECONDS)


async def _open(
    connect: Callable[[], Awaitable[Any]], channel: str, heard: asyncio.Queue[str]
) -> tuple[Any, asyncio.Event]:
    connection = await connect()
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _connection: lost.set())
    try:
        await connection.add_listener(
            channel, lambda _connection, _pid, _channel, payload: heard.put_nowait(str(payload))
        )
    except BaseException:
        connection.terminate()
        raise
    return connection, lost
