"""Periods of the programme's calendar, and the windows in which challenges count. Local dates only: a day that a clock
change makes an hour shorter or longer stays one day."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.domains.challenges.config import Calendar, Challenge, Countable
from fedele.domains.challenges.types import Window

WHOLE = ""  # the period of what does not begin anew


def local_day(at: datetime, time_zone: str) -> date:
    """The programme's date at an instant."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def midnight(day: date, time_zone: str) -> datetime:
    """The instant at which a day of the programme begins."""
    return datetime.combine(day, time(0), ZoneInfo(time_zone))


def first_day(every: Calendar, day: date) -> date:
    """The first day of the period that a day lies in; weeks begin on Monday."""
    match every:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)


def next_first_day(every: Calendar, first: date) -> date:
    """The first day of the following period."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(every)
    if months is None:
        return first + timedelta(days=7 if every == "week" else 1)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def index_of(every: Calendar, first: date) -> int:
    """The number of a period, from its first day: the next one's is one more."""
    match every:
        case "day":
            return first.toordinal()
        case "week":
            return (first.toordinal() - 1) // 7
        case "month":
            return first.year * 12 + first.month - 1
        case "quarter":
            return (first.year * 12 + first.month - 1) // 3
        case "year":
            return first.year


def window_of(challenge: Challenge, at: datetime, began_at: datetime, time_zone: str) -> Window | None:
    """The window that an instant falls in, or None where it falls outside.

    `began_at`: when the member joined the challenge, or the programme if it is automatic.
    """
    if not challenge.dates.contains(at, time_zone):
        return None
    if challenge.per is not None:
        first = first_day(challenge.per, local_day(at, time_zone))
        after = next_first_day(challenge.per, first)
        return _narrowed(
            challenge, first.isoformat(), midnight(first, time_zone), midnight(after, time_zone), time_zone
        )
    if challenge.days_from_joining is not None:
        began = local_day(began_at, time_zone)
        ends_at = midnight(began + timedelta(days=challenge.days_from_joining), time_zone)
        if not began_at <= at < ends_at:
            return None
        return _narrowed(challenge, WHOLE, began_at, ends_at, time_zone)
    return _narrowed(challenge, WHOLE, None, None, time_zone)


def _narrowed(
    what: Countable, period: str, starts_at: datetime | None, ends_at: datetime | None, time_zone: str
) -> Window:
    """The window, cut down to the declared dates."""
    opens, closes = what.dates.starts_at(time_zone), what.dates.ends_at(time_zone)
    return Window(
        period,
        max((at for at in (starts_at, opens) if at is not None), default=None),
        min((at for at in (ends_at, closes) if at is not None), default=None),
    )
