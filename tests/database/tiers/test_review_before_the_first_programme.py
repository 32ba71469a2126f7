"""A deployment that is up before its programme was applied."""

from datetime import UTC, datetime

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.jobs import review_schedule
from fedele.jobs.schedule import run_due
from fedele.kernel.clock import Moment


async def test_a_worker_without_programme_reviews_nothing(database: Database) -> None:
    """The schedule runs through instead of failing every five minutes: a failed one is left out of the answer."""
    schedule = review_schedule(database, ProgrammeSource(database, PROGRAMME_SECTIONS))
    assert await run_due(database, (schedule,), Moment(datetime(2026, 11, 21, tzinfo=UTC))) == ["tiers.review"]
