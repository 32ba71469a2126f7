"""Which day of a member's own it is: birthdays, days of joining, expiries, days of the calendar. Pure.

A day is due from its time of day on the member's clock, and for two days after: a worker that was away catches up, a
journey that is new does not write to everybody who had a birthday this year.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fedele.domains.journeys.config import DateTrigger
from fedele.domains.journeys.waiting import instant
from fedele.domains.members.types import MonthDay

LATE_MAX = timedelta(days=2)
_AROUND = range(-4, 3)  # days around the server's, in which it may be due somewhere on earth


def month_days(trigger: DateTrigger, now: datetime) -> tuple[list[int], list[int]]:
    """The months and days of anniversaries that may be due about now; 29 February with the 28th of a common year."""
    today = now.astimezone(UTC).date() + timedelta(days=trigger.days_before)
    days = [today + timedelta(days=ahead) for ahead in _AROUND]
    found = {(day.month, day.day) for day in days}
    if (2, 28) in found:
        found.add((2, 29))
    return [month for month, _ in sorted(found)], [day for _, day in sorted(found)]


def may_be_due(trigger: DateTrigger, now: datetime) -> bool:
    """Whether a day of the calendar may be due about now, somewhere on earth."""
    assert trigger.on is not None, "asked for days of the calendar only"
    away = now.astimezone(UTC).date() - (trigger.on - timedelta(days=trigger.days_before))
    return -1 <= away.days <= LATE_MAX.days + 2


def due(trigger: DateTrigger, row: Mapping[str, Any], time_zone: str, now: datetime) -> str | None:
    """The entry key of the member's day, if it is due now; None if it is not.

    `row` has month and day of an anniversary, or the instant at which units expire, whose last day is the day before.
    """
    zone = ZoneInfo(time_zone)
    if trigger.on is not None:
        days = [trigger.on]
    elif trigger.of == "expiry":
        days = [(row["expires_at"] - timedelta(microseconds=1)).astimezone(zone).date()]
    else:
        year = now.astimezone(zone).year
        days = [MonthDay(row["month"], row["day"]).in_year(year + more) for more in (-1, 0, 1)]
    for day in days:
        at = instant(day - timedelta(days=trigger.days_before), trigger.at or time(0), zone)
        # Units that expire are told of as soon as they are near: also those that were near when the journey came.
        if at <= now and (trigger.of == "expiry" or now < at + LATE_MAX):
            return entry_key(trigger, day)
    return None


def entry_key(trigger: DateTrigger, day: date) -> str:
    """What brings a member in on this day: another year brings them in again."""
    return f"{trigger.of or 'day'}:{day.isoformat()}"
