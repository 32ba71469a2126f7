"""The close by the clock."""

import contextlib
from collections.abc import Sequence

from fedele.db.database import Database
from fedele.domains.closing.commands import close_due
from fedele.domains.closing.types import ClosingStep
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

EVERY_SECONDS = 60.0


def close_schedule(database: Database, programmes: ProgrammeSource, steps: Sequence[ClosingStep]) -> Schedule:
    """Close every day that is over, oldest first. Asked each minute; with nothing to close it is one read."""

    async def run(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):  # a new deployment: there is nothing to close
            await close_due(database, programmes, moment, steps)

    return Schedule(name="closing.close_days", every_seconds=EVERY_SECONDS, run=run)
