"""What surveys do by the clock: open what is due, close what is over."""

import contextlib

from fedele.db.database import Database
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.surveys.commands import close_due, open_due
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

OPEN_EVERY_SECONDS = 20.0
CLOSE_EVERY_SECONDS = 600.0


def schedules(database: Database, programmes: ProgrammeSource) -> tuple[Schedule, ...]:
    """Surveys' schedules, for bootstrap's list."""

    async def open_surveys(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):  # a new deployment: nobody was invited yet
            await open_due(database, programmes.at, moment)

    async def close_surveys(moment: Moment) -> None:
        await close_due(database, moment)

    return (
        Schedule(name="surveys.open_due", every_seconds=OPEN_EVERY_SECONDS, run=open_surveys),
        Schedule(name="surveys.close_due", every_seconds=CLOSE_EVERY_SECONDS, run=close_surveys),
    )
