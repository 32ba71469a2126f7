"""The worker process: `fedele worker`."""

import asyncio
import signal

import structlog

from fedele.wiring import Fedele

log = structlog.get_logger(__name__)


async def run_worker(fedele: Fedele) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    log.info("worker_started")
    try:
        async with fedele.programmes.listening():
            await fedele.worker().run(stop)
    finally:
        await fedele.close()
        log.info("worker_stopped")
