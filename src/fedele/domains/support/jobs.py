"""Support's work by the clock: closing what was resolved, telling of what is overdue, reading what nobody has read."""

from fedele.db.database import Database
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.support import commands
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.ports import TextAnalyser
from fedele.domains.support.reader import TextReader
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

HOUR_SECONDS = 3_600.0
OVERDUE_SECONDS = 60.0
UNREAD_SECONDS = 300.0


def schedules(
    database: Database, programme_at: ProgrammeAt, analyser: TextAnalyser, clock: Clock
) -> tuple[Schedule, ...]:
    """Any worker may run each of them at any time."""
    reader = TextReader(database, programme_at, analyser, clock)

    async def close(moment: Moment) -> None:
        days = (await programme_at(moment.now)).section(SupportConfig).reopen_days
        while True:
            async with database.transaction() as tx:
                if await commands.close_due(tx, days, moment) < commands.CLOSE_BATCH_COUNT:
                    return

    async def tell_of_overdue(moment: Moment) -> None:
        while True:
            async with database.transaction() as tx:
                if await commands.announce_overdue(tx, moment) < commands.CLOSE_BATCH_COUNT:
                    return

    async def read_later(moment: Moment) -> None:
        while await reader.read_later(moment):
            pass

    return (
        Schedule("support.close_resolved", HOUR_SECONDS, close),
        Schedule("support.announce_overdue", OVERDUE_SECONDS, tell_of_overdue),
        Schedule("support.read_later", UNREAD_SECONDS, read_later),
    )
