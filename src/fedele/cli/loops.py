"""The event loop of a process: uvloop where it is installed (libuv; everywhere but Windows), else Python's own."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """What `asyncio.run` does, on the loop that uvicorn would choose.

    What has been built by now stays for the life of the process, and the garbage collector is told so: a full
    collection that walked all of it would hold up every request for some tenths of a second.
    """
    gc.freeze()
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(main)


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
