"""What tiers do by the clock."""

from fedele.db.database import Database
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.commands import review_due
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

EVERY_SECONDS = 300.0


def review_schedule(database: Database, programmes: ProgrammeSource) -> Schedule:
    """Judge the tiers whose protection has ended. What members see does not wait for it; its announcement does."""

    async def run(moment: Moment) -> None:
        await review_due(database, programmes, moment)

    return Schedule(name="tiers.review", every_seconds=EVERY_SECONDS, run=run)
