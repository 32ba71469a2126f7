"""Journeys by the clock: who is due, whom a date or silence brings in, and who is to look at a new version."""

import contextlib

from fedele.domains.journeys import commands
from fedele.domains.journeys.commands import Engine
from fedele.domains.journeys.commands.advancing import BATCH_MAX
from fedele.domains.programme.errors import NoProgramme
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

ADVANCE_SECONDS = 1.0
ENTER_SECONDS = 120.0
WAKE_SECONDS = 10.0
BATCHES_MAX = 10_000


def schedules(engine: Engine) -> tuple[Schedule, ...]:
    """Any worker may run each of them at any time, also two at once."""

    async def advance(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):
            await advance_all(engine, moment)

    async def enter(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):
            await commands.enter_by_clock(engine.database, await engine.programmes.at(moment.now), moment)

    async def wake(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):
            programme = await engine.programmes.at(moment.now)
            for _ in range(BATCHES_MAX):
                async with engine.database.transaction() as tx:
                    if not await commands.wake_changed(tx, programme):
                        return

    return (
        Schedule("journeys.advance", ADVANCE_SECONDS, advance),
        Schedule("journeys.enter", ENTER_SECONDS, enter),
        Schedule("journeys.wake_changed", WAKE_SECONDS, wake),
    )


async def advance_all(engine: Engine, moment: Moment) -> int:
    """Move on everybody who is due at this moment; how many claims that took.

    Where a batch found more members who get something than it may lock, the next ones claim fewer.
    """
    size, count = BATCH_MAX, 0
    for _ in range(BATCHES_MAX):
        batch = await commands.advance_due(engine, moment, size)
        count += batch.claimed - batch.left
        if not batch.claimed:
            break
        if batch.left:
            size = engine.effects_max
        elif batch.effective <= batch.claimed // 2:
            size = min(2 * size, BATCH_MAX)
    return count
