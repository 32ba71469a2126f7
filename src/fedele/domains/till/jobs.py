"""Work of the clock: holds that ran out are released, uses of codes that nobody can show any more are swept."""

from datetime import timedelta

from fedele.db.database import Database
from fedele.domains.till.commands import ProgrammeAt, release_due
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

USES_KEPT = timedelta(days=400)  # offline sales may bring a code late: it counts by the instant it was shown


def schedules(database: Database, programme_at: ProgrammeAt) -> tuple[Schedule, ...]:
    """The till's schedules, for bootstrap's list."""

    async def release(moment: Moment) -> None:
        await release_due(database, programme_at, moment)

    async def sweep(moment: Moment) -> None:
        async with database.transaction() as tx:
            await tx.execute("DELETE FROM rotating_code_use WHERE used_at < $1", moment.now - USES_KEPT)

    return (Schedule("till.release_holds", 15.0, release), Schedule("till.sweep_codes", 24 * 3600.0, sweep))
