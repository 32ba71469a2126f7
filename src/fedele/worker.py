"""The worker process: `fedele worker`."""

import asyncio
import contextlib
import signal

import asyncpg
import structlog

from fedele.wiring import Fedele

log = structlog.get_logger(__name__)

RECONNECT_SECONDS = 1.0


async def run_worker(fedele: Fedele) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    log.info("worker_started")
    try:
        async with contextlib.AsyncExitStack() as stack:
            await _listen(fedele, stop, stack)
            await fedele.worker().run(stop)
    finally:
        await fedele.close()
        log.info("worker_stopped")


async def _listen(fedele: Fedele, stop: asyncio.Event, stack: contextlib.AsyncExitStack) -> None:
    """Hear of new programme versions; a database that is away at this very moment is waited for."""
    while not stop.is_set():
        try:
            await stack.enter_async_context(fedele.programmes.listening())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("worker_waits_for_database", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)
        else:
            return
