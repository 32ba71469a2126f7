"""A real process that moves members on, to be killed by tests/faults/test_journeys_survive_kills.py.

usage: python -m tests.faults.processes.journey_worker DATABASE_URL CLOCK [--die-in N] [--batch N] [--careless]

CLOCK is a file that says what time it is: the test turns it. Die in N: kill -9 of itself in its N-th batch that has
effects, between the effects and the members' new places.

Careless: a batch's effects commit by themselves, before the members' new places are written: what a worker must not do.
"""

import asyncio
import dataclasses
import os
import random
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Transaction, open_database
from fedele.domains.journeys.commands import Engine, advancing, enter_by_clock
from fedele.domains.journeys.commands.deciding import EFFECTS_MAX
from fedele.domains.journeys.jobs import advance_all
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment


def be_careless(engine: Engine) -> None:
    """Carry effects out in a transaction of their own."""
    carefully = advancing.carry_out

    async def carelessly(_tx: Transaction, programme: Any, effects: Any, moment: Moment) -> Any:
        another = random.randrange(1_000, 1_000_000_000)  # as where nobody thought of a key that stays the same
        keyless = [dataclasses.replace(effect, number=effect.number + another) for effect in effects]
        async with engine.database.transaction() as other:
            return await carefully(other, programme, keyless, moment)

    async def no_lock(_tx: Transaction, _decided: Any) -> None:
        return None

    advancing.carry_out = carelessly
    advancing._lock = no_lock  # type: ignore[assignment]


def die_in(batch: int) -> None:
    """Be killed in the middle of that batch."""
    write, left = advancing.write, [batch]

    async def last_words(tx: Transaction, done: Any, moment: Moment) -> None:
        left[0] -= any(taken.effects for taken in done)
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        await write(tx, done, moment)

    advancing.write = last_words


async def main(url: str, clock: Path, *, careless: bool, dies_in: int | None, batch: int) -> None:
    """Let in whom the day brings in and move on everybody who is due, until nobody is; then wait to be killed."""
    database = open_database(url, role="fedele_app", size=4)
    engine = Engine(database, ProgrammeSource(database, PROGRAMME_SECTIONS), batch)
    if careless:
        be_careless(engine)
    if dies_in is not None:
        die_in(dies_in)
    print("ready", flush=True)
    while True:
        now = datetime.fromisoformat(clock.read_text())  # noqa: ASYNC240 - a line, and nothing else to do meanwhile
        moment = Moment(now)
        await enter_by_clock(database, await engine.programmes.at(now), moment)
        await advance_all(engine, moment)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    given = dict(zip(sys.argv[3:], sys.argv[4:], strict=False))
    dies = int(given["--die-in"]) if "--die-in" in given else None
    at_once = int(given.get("--batch", EFFECTS_MAX))
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), careless="--careless" in sys.argv, dies_in=dies, batch=at_once))
