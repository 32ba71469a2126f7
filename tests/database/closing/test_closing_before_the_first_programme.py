"""A deployment that is up before its programme was applied."""

from datetime import UTC, datetime

from fedele.bootstrap import CLOSING_STEPS, PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.closing.jobs import close_schedule
from fedele.domains.programme.queries import ProgrammeSource
from fedele.jobs.schedule import run_due
from fedele.kernel.clock import Moment


async def test_a_worker_without_programme_closes_nothing(database: Database) -> None:
    """The schedule runs through instead of failing every minute: a failed one is left out of the answer."""
    schedule = close_schedule(database, ProgrammeSource(database, PROGRAMME_SECTIONS), CLOSING_STEPS)
    assert await run_due(database, (schedule,), Moment(datetime(2026, 11, 21, tzinfo=UTC))) == ["closing.close_days"]
