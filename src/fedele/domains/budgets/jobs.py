"""Work of the clock: reservations that lapsed go back to their pots; what no use announced is announced."""

from fedele.db.database import Database
from fedele.domains.budgets.commands import RELEASE_BATCH_COUNT, announce_missed, release_lapsed
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment


def tend(database: Database, every_seconds: float = 60.0) -> Schedule:
    """Give back what lapsed and announce what was missed; safe to stop and run again."""

    async def run(moment: Moment) -> None:
        await tend_pots(database, moment)

    return Schedule("budgets.tend", every_seconds, run)


async def tend_pots(database: Database, moment: Moment) -> int:
    """The same, once; how many reservations were given back."""
    count = 0
    while True:
        async with database.transaction() as tx:
            released = await release_lapsed(tx, moment)
        count += released
        if released < RELEASE_BATCH_COUNT:
            break
    async with database.transaction() as tx:
        await announce_missed(tx, moment)
    return count
