"""Time passes: whatever the clock brings on the way happens, and days on which nothing can happen are skipped.

What a worker's schedules do all day long is done at the instants at which the rooms say that something is due; a
programme day is closed if something was due in it, a step was played in it, or a version began in it.
"""

import dataclasses
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.bootstrap import CLOSING_STEPS
from fedele.domains.closing import commands as closing
from fedele.domains.closing.queries import next_due
from fedele.domains.journeys.queries import next_due as next_journey_due
from fedele.domains.referrals.queries import next_due as next_referral_due
from fedele.domains.surveys.queries import next_due as next_survey_due
from fedele.scenarios.stage import Stage

STOPS_MAX = 100_000
_INSTANT = timedelta(microseconds=1)


@dataclasses.dataclass(slots=True)
class Calendar:
    """The midnights at which a day is to be closed, beyond those that the rooms ask for."""

    zone: ZoneInfo
    midnights: set[datetime] = dataclasses.field(default_factory=set)

    def note(self, instant: datetime) -> None:
        """Something happens on this day: close it when it is over."""
        self.midnights.add(midnight_after(instant, self.zone))


async def pass_time(stage: Stage, until: datetime, calendar: Calendar) -> None:
    """Turn the clock to `until`, stopping wherever something is due."""
    calendar.note(stage.clock.now)
    for _ in range(STOPS_MAX):
        stops = [*calendar.midnights]
        if (due := await _next_due(stage)) is not None:
            stops.append(due)
        if not stops or (stop := min(stops)) > until:
            break
        stage.clock.now = max(stop, stage.clock.now).astimezone(UTC)
        if stop in calendar.midnights:
            calendar.midnights.discard(stop)
            await close_day_before(stage, stop, calendar.zone)
        else:
            await stage.tick()
            # A day that ends at this very instant is over; any other is closed when it ends.
            calendar.midnights.add(_midnight_at_or_after(stop, calendar.zone))
    stage.clock.now = max(until, stage.clock.now).astimezone(UTC)
    await stage.tick()


async def close_day_before(stage: Stage, midnight: datetime, zone: ZoneInfo) -> None:
    """Close the programme day that ends at this midnight."""
    await stage.tick()
    day = (midnight - _INSTANT).astimezone(zone).date()
    fedele = stage.fedele
    await closing.close_day(fedele.database, fedele.programmes, day, stage.clock(), CLOSING_STEPS)
    await stage.settle_down()


def midnight_after(instant: datetime, zone: ZoneInfo) -> datetime:
    """The first midnight after an instant, on the programme's clock."""
    day = instant.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _midnight_at_or_after(instant: datetime, zone: ZoneInfo) -> datetime:
    return midnight_after(instant - _INSTANT, zone)


async def _next_due(stage: Stage) -> datetime | None:
    now, reader = stage.clock.now, stage.fedele.database.reader
    programme = await stage.fedele.programmes.at(now)
    found = (
        await next_due(reader, programme, now, CLOSING_STEPS),
        await next_referral_due(reader, now),
        await next_journey_due(reader, now),
        await next_survey_due(reader, now),
    )
    return min((instant for instant in found if instant is not None), default=None)
