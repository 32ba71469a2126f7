"""What rewards do by the clock: reservations of dead processes are released, low pools are told to operators."""

import contextlib

from fedele.db.database import Database
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.rewards.commands.shelf import release_lapsed, warn_of_low_pools
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

RELEASE_EVERY_SECONDS = 60.0
POOLS_EVERY_SECONDS = 3600.0


def schedules(database: Database, programmes: ProgrammeSource) -> tuple[Schedule, ...]:
    """Rewards' schedules, for bootstrap's list."""

    async def release(moment: Moment) -> None:
        await release_lapsed(database, moment.now)

    async def warn(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):  # a new deployment
            await warn_of_low_pools(database, await programmes.at(moment.now))

    return (
        Schedule(name="rewards.release", every_seconds=RELEASE_EVERY_SECONDS, run=release),
        Schedule(name="rewards.pools", every_seconds=POOLS_EVERY_SECONDS, run=warn),
    )
