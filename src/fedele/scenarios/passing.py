"""Time passes: every programme day that ends on the way is closed, and days on which nothing can happen are skipped."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.domains.ledger.jobs import sweep_due
from fedele.domains.tiers.commands import review_due
from fedele.scenarios.stage import Stage

# The next thing that a close would find, whosever it is.
_NEXT_DUE = """
SELECT min(at) FROM (
    SELECT min(CASE state WHEN 'pending' THEN activates_at ELSE expires_at END) AS at FROM lot WHERE remaining > 0
    UNION ALL SELECT min(kept_until) FROM tier_standing WHERE kept_until IS NOT NULL
) AS due
"""


async def pass_time(stage: Stage, until: datetime, zone: ZoneInfo) -> None:
    """Turn the clock to `until`, stopping at each midnight after which something is due."""
    while (due := await _next_due(stage)) is not None:
        closing = max(midnight_after(stage.clock.now, zone), _midnight_at_or_after(due, zone))
        if closing > until:
            break
        stage.clock.now = closing
        await close_day(stage)
    stage.clock.now = max(until, stage.clock.now)


async def close_day(stage: Stage) -> None:
    """Do the day's close now."""
    moment = stage.clock()
    await sweep_due(stage.fedele.database, moment)
    await review_due(stage.fedele.database, stage.fedele.programmes, moment)
    await stage.settle_down()


def midnight_after(instant: datetime, zone: ZoneInfo) -> datetime:
    """The first midnight after an instant, on the programme's clock."""
    day = instant.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _midnight_at_or_after(instant: datetime, zone: ZoneInfo) -> datetime:
    return midnight_after(instant - timedelta(microseconds=1), zone)


async def _next_due(stage: Stage) -> datetime | None:
    due: datetime | None = await stage.fedele.database.reader.fetch_value(_NEXT_DUE)
    return due
