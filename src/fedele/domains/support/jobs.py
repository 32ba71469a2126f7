"""Support's work by the clock: resolved cases that nobody opened again are closed."""

from fedele.db.database import Database
from fedele.domains.messaging.ports import ProgrammeAt
from fedele.domains.support import commands
from fedele.domains.support.config import SupportConfig
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

HOUR_SECONDS = 3_600.0


def closing_schedule(database: Database, programme_at: ProgrammeAt) -> Schedule:
    """Closes cases whose time to be opened again is over."""

    async def close(moment: Moment) -> None:
        days = (await programme_at(moment.now)).section(SupportConfig).reopen_days
        while True:
            async with database.transaction() as tx:
                if await commands.close_due(tx, days, moment) < commands.CLOSE_BATCH_COUNT:
                    return

    return Schedule("support.close_resolved", HOUR_SECONDS, close)
