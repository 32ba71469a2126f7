"""The feed's work of the clock: fit a policy now and then, and forget old events."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from fedele.db.database import Database
from fedele.domains.feed.config import FeedConfig
from fedele.domains.feed.learning.fitting import TooLittleSeen
from fedele.domains.feed.learning.promotion import fit_policy
from fedele.domains.programme.errors import NoProgramme
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Schedule
from fedele.kernel.clock import Moment

log = structlog.get_logger(__name__)
KEPT_FOR = timedelta(days=180)
TRIM_COUNT = 20_000
ProgrammeAt = Callable[[datetime], Awaitable[Programme]]


def schedules(database: Database, programme_at: ProgrammeAt) -> tuple[Schedule, ...]:
    """The feed's schedules, for bootstrap's list."""

    async def learn(moment: Moment) -> None:
        await learn_when_due(database, programme_at, moment)

    async def trim(moment: Moment) -> None:
        await forget_old(database, moment)

    return (Schedule("feed.learn", 3600.0, learn), Schedule("feed.trim", 3600.0, trim))


async def learn_when_due(database: Database, programme_at: ProgrammeAt, moment: Moment) -> bool:
    """Fit a policy if the last one is old enough. Whether one was fitted; too little to learn from is no fault."""
    try:
        days = (await programme_at(moment.now)).section(FeedConfig).learn_every_days
    except NoProgramme:
        return False
    last: datetime | None = await database.reader.fetch_value("SELECT max(fitted_at) FROM feed_policy")
    if last is not None and moment.now - last < timedelta(days=days):
        return False
    try:
        made = await fit_policy(database, moment)
    except TooLittleSeen as error:
        log.info("feed_learns_later", reason=str(error))
        return False
    log.info("feed_policy_fitted", policy=made.policy.version, seen=made.seen_count, tapped=made.tapped_count)
    return True


async def forget_old(database: Database, moment: Moment) -> int:
    """Delete events of half a year ago, so many at a time; how many went."""
    gone = 0
    while True:
        async with database.transaction() as tx:
            count: int = await tx.fetch_value(
                """
                WITH old AS (SELECT member_id, event_id FROM feed_event WHERE recorded_at < $1 LIMIT $2),
                gone AS (DELETE FROM feed_event AS e USING old
                          WHERE e.member_id = old.member_id AND e.event_id = old.event_id RETURNING 1)
                SELECT count(*) FROM gone
                """,
                moment.now - KEPT_FOR,
                TRIM_COUNT,
            )
        gone += count
        if count < TRIM_COUNT:
            return gone
