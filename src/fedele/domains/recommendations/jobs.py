"""The room's work of the clock: members who are due, what sells, and what is bought together."""

from fedele.db.database import Database
from fedele.domains.recommendations import commands
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment


def schedules(database: Database) -> tuple[Schedule, ...]:
    """The room's schedules, for bootstrap's list."""

    async def learn_due(moment: Moment) -> None:
        await commands.learn_due(database, moment)

    async def count(moment: Moment) -> None:
        await commands.learn_due(database, moment)  # what was imported a moment ago sells, too
        await commands.count_popular(database, moment)
        await commands.count_neighbours(database, moment)

    return (
        Schedule("recommendations.learn_due", 60.0, learn_due),
        Schedule("recommendations.count", 6 * 3600.0, count),
    )
