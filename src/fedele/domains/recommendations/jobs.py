"""The room's work of the clock: members who are due, what sells, and what is bought together."""

from datetime import timedelta

from fedele.db.database import Database
from fedele.domains.recommendations import commands
from fedele.domains.recommendations.queries import is_popularity_older
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

RECOUNT_AFTER = timedelta(minutes=15)


def schedules(database: Database) -> tuple[Schedule, ...]:
    """The room's schedules, for bootstrap's list."""

    async def learn_due(moment: Moment) -> None:
        # After an import what sells is another thing: nobody should wait half a day for it.
        if await commands.learn_due(database, moment) and await is_popularity_older(database, moment, RECOUNT_AFTER):
            await count(moment)

    async def count(moment: Moment) -> None:
        await commands.count_popular(database, moment)
        await commands.count_neighbours(database, moment)

    return (
        Schedule("recommendations.learn_due", 60.0, learn_due),
        Schedule("recommendations.count", 6 * 3600.0, count),
    )
