"""What referrals do by the clock."""

import contextlib

from fedele.db.database import Database
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.referrals.commands import pay_due
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

EVERY_SECONDS = 300.0


def schedules(database: Database, programmes: ProgrammeSource) -> tuple[Schedule, ...]:
    """Pay what has settled, and end what was not used in time."""

    async def run(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):  # a new deployment: nobody was referred yet
            await pay_due(database, programmes.at, moment)

    return (Schedule(name="referrals.pay_due", every_seconds=EVERY_SECONDS, run=run),)
