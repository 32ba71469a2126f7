"""What follows from events, run at once and in this process: for scenarios, which want the end of it and no queue.

The handlers are the worker's own and read the event from its stored payload, as a job does. There is no retry: what
fails, fails loudly.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from fedele.db.database import Database
from fedele.jobs.relay import BATCH, TAKE
from fedele.jobs.types import Handler, RetryLater

ROUNDS_MAX = 1_000


class NeverEnds(Exception):
    """Handlers wake each other without end."""


async def run_what_follows(database: Database, handlers: Iterable[Handler]) -> int:
    """Run every handler of every announced event, and of what those announce; how many events there were.

    Raises whatever a handler raises; NeverEnds after a thousand rounds.
    """
    listeners: dict[str, list[Handler]] = {}
    for handler in handlers:
        listeners.setdefault(handler.event.kind, []).append(handler)
    count = 0
    for _ in range(ROUNDS_MAX):
        async with database.transaction() as tx:
            rows = await tx.fetch(TAKE, BATCH)
        if not rows:
            return count
        for row in sorted(rows, key=lambda row: row["id"]):
            await _run(row, listeners.get(row["kind"], ()))
        count += len(rows)
    raise NeverEnds(f"{count} events, and still more follow")


async def _run(row: Any, handlers: Iterable[Handler]) -> None:
    payload = orjson.loads(row["payload"]) if isinstance(row["payload"], str | bytes) else row["payload"]
    for handler in handlers:
        try:
            await handler.run(handler.event.from_payload(payload), row["id"])
        except RetryLater:  # a server of the outside world asks for patience; no scenario depends on it
            continue
