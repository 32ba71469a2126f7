"""What segments does as time passes."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from fedele.db.database import Database
from fedele.domains.programme.types import Programme
from fedele.domains.segments.commands import refresh_due
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

LOOK_SECONDS = 60


def schedules(database: Database, programme_at: Callable[[datetime], Awaitable[Programme]]) -> tuple[Schedule, ...]:
    """Every minute: facts that time has changed, and the segments that are due."""

    async def refresh(moment: Moment) -> None:
        await refresh_due(database, await programme_at(moment.now), moment)

    return (Schedule("segments.refresh", LOOK_SECONDS, refresh),)
