"""When a wait is over, on the member's own clock. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.domains.journeys.config import Wait
from fedele.domains.programme.types import WEEKDAYS


def due_at(step: Wait, since: datetime, time_zone: str) -> datetime:
    """The instant at which a wait that began at `since` is over, in UTC.

    Days are counted on the calendar of `time_zone` and keep the time of day over a change of the clocks; hours and
    minutes are lengths of time. Then it is waited for the next `at`, on one of the days `on`.
    """
    zone = ZoneInfo(time_zone)
    local = since.astimezone(zone)
    start = instant(local.date() + timedelta(days=step.days), local.time(), zone) if step.days else since
    start = start.astimezone(UTC) + timedelta(hours=step.hours, minutes=step.minutes)
    if step.at is None and not step.on:
        return start
    day = start.astimezone(zone).date()
    for ahead in range(9):  # a week finds every day of the week; one more, if today's time is over
        candidate_day = day + timedelta(days=ahead)
        if step.on and WEEKDAYS[candidate_day.weekday()] not in step.on:
            continue
        if step.at is None:
            return start if ahead == 0 else instant(candidate_day, time(0), zone)
        for fold in (0, 1):
            if (found := instant(candidate_day, step.at, zone, fold)) >= start:
                return found
    raise AssertionError("nine days hold every weekday and time of day")


def instant(day: date, clock: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    """When a wall clock shows this day and time, in UTC.

    A time that a spring gap leaves out comes later by the gap's length. Of one that comes twice in autumn, `fold`
    says which. 24:00 is the beginning of the next day.
    """
    if clock == time.max:
        day, clock = day + timedelta(days=1), time(0)
    return datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC)
