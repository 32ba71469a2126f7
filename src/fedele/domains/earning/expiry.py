"""When units that are earned now stop being spendable, in the programme's own days.

An instant of expiry is always a midnight of the programme's time zone, the end of the last day on which the units may
be spent; 31 January and a month is the last day of February; a day that a clock change makes shorter stays a day.
"""

import calendar
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from fedele.domains.programme.config import Currency, Expiry, FixedDateExpiry, InactivityExpiry, RollingExpiry


def expiry_of(currency: Currency, tier: str | None) -> Expiry:
    """The rule for this member's units: the tier's own, else the currency's."""
    return currency.expiry_by_tier.get(tier, currency.expiry) if tier else currency.expiry


def expires_at(expiry: Expiry, active_from: datetime, time_zone: str) -> datetime | None:
    """The instant at which units that become spendable at `active_from` expire; None: never.

    Pending units are counted from their activation: give that as `active_from`.
    """
    day = active_from.astimezone(ZoneInfo(time_zone)).date()
    match expiry:
        case RollingExpiry() | InactivityExpiry():
            return end_of_day(_end_of(expiry.period.after(day), expiry.end_of), time_zone)
        case FixedDateExpiry():
            return end_of_day(_next_fixed(day, expiry), time_zone)
        case _:
            return None


def end_of_day(day: date, time_zone: str) -> datetime:
    """The midnight at which this day ends, in the programme's time zone, as an aware instant."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(time_zone))


def start_of_day(day: date, time_zone: str) -> datetime:
    """The midnight at which this day begins."""
    return datetime.combine(day, time(0), ZoneInfo(time_zone))


def _end_of(day: date, unit: Literal["day", "month", "year"]) -> date:
    match unit:
        case "month":
            return day.replace(day=calendar.monthrange(day.year, day.month)[1])
        case "year":
            return day.replace(month=12, day=31)
        case _:
            return day


def _next_fixed(day: date, expiry: FixedDateExpiry) -> date:
    """The first such date on or after the day, `years` later; 29 February is the 28th in a common year."""
    year = day.year if _in_year(day.year, expiry) >= day else day.year + 1
    return _in_year(year + expiry.years, expiry)


def _in_year(year: int, expiry: FixedDateExpiry) -> date:
    return date(year, expiry.month, min(expiry.day, calendar.monthrange(year, expiry.month)[1]))
