"""What tiers do by the clock."""

import contextlib

from fedele.db.database import Database
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.commands import review_due
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

EVERY_SECONDS = 300.0


def review_schedule(database: Database, programmes: ProgrammeSource) -> Schedule:
    """Judge the tiers whose protection has ended. What members see does not wait for it; its announcement does."""

    async def run(moment: Moment) -> None:
        with contextlib.suppress(NoProgramme):  # a new deployment: nobody has a tier yet
            await review_due(database, programmes, moment)

    return Schedule(name="tiers.review", every_seconds=EVERY_SECONDS, run=run)
