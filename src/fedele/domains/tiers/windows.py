"""Over which days a tier is earned, and until when it is then kept, in the programme's own days."""

import calendar
import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.domains.programme.types import Period
from fedele.domains.tiers.config import AnniversaryWindow, CalendarWindow, RollingWindow, TiersConfig
from fedele.domains.tiers.types import Window

Days = Mapping[date, int]  # what was counted on each programme day


def programme_day(at: datetime, time_zone: str) -> date:
    """The programme's day that an instant falls on."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def midnight_after(day: date, time_zone: str) -> datetime:
    """The instant at which this programme day ends."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(time_zone))


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months on, or the month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def read_from(config: TiersConfig, today: date) -> date:
    """The first day that any window which still matters today can contain."""
    match config.window:
        case RollingWindow(months=months, kept=kept):
            if kept is None:
                return add_months(today, -months)
            # A term that ended unnoticed is judged as of its end: go back by its length and its grace, too.
            ended = add_months(today, -sum(_months(period) for period in (kept, config.grace)))
            return add_months(ended - timedelta(days=kept.days + config.grace.days + 3), -months)
        case CalendarWindow(kept_years=years):
            return date(today.year - years, 1, 1)
        case AnniversaryWindow(kept_years=years):
            return add_months(today, -12 * (years + 1))


def windows_at(config: TiersConfig, today: date, joined: date) -> list[Window]:
    """The windows that give a tier today, the present one first.

    rolling: the last so many months, today included. calendar_year: this year, and those whose tiers are still kept.
    anniversary: the member's own year, and those before whose tiers are kept (29 February is kept on 28 February in
    common years).
    """
    match config.window:
        case RollingWindow(months=months):
            return [Window(add_months(today, -months) + timedelta(days=1), today)]
        case CalendarWindow(kept_years=years):
            return [
                Window(date(year, 1, 1), date(year, 12, 31)) for year in range(today.year, today.year - years - 1, -1)
            ]
        case AnniversaryWindow(kept_years=years):
            windows = [_membership_year(joined, today)]
            for _ in range(years):
                windows.append(_membership_year(joined, windows[-1].first_day - timedelta(days=1)))
            return windows


def kept_through(config: TiersConfig, window: Window, days: Days, needed: int, joined: date) -> date:
    """The last day of a tier that needs `needed` and is qualified for in this window, before any grace.

    In a rolling window this is the last day on which what was counted so far still suffices by itself, or, where a
    tier is kept for a period, the last day of that period from today.
    """
    match config.window:
        case RollingWindow(months=months, kept=kept):
            if kept is None:
                return _last_sufficient_day(window, days, needed, months)
            return _first_day_after(window.last_day, _months(kept), kept.days) - timedelta(days=1)
        case CalendarWindow(kept_years=years):
            return date(window.last_day.year + years, 12, 31)
        case AnniversaryWindow(kept_years=years):
            year = window
            for _ in range(years):
                year = _membership_year(joined, year.last_day + timedelta(days=1))
            return year.last_day


def with_grace(config: TiersConfig, day: date) -> date:
    """The last day of the grace that follows this day."""
    grace = config.grace
    return add_months(day, grace.years * 12 + grace.months) + timedelta(days=grace.days)


def within(days: Days, window: Window) -> dict[date, int]:
    """What was counted in a window."""
    return {day: amount for day, amount in days.items() if window.first_day <= day <= window.last_day}


def _last_sufficient_day(window: Window, days: Days, needed: int, months: int) -> date:
    left = sum(within(days, window).values())
    for day, amount in sorted(within(days, window).items()):
        left -= amount
        if left < needed:
            return _first_day_after(day, months) - timedelta(days=1)
    return window.last_day


def _months(period: Period) -> int:
    return period.years * 12 + period.months


def _first_day_after(day: date, months: int, days: int = 0) -> date:
    """The first day whose last so many months and days no longer hold this day.

    31 January is within the month that ends on 28 February, and 29 February 2028 within the year that ends on
    28 February 2029: so it is not always the same day of the month.
    """
    until = add_months(day, months) + timedelta(days=days)
    while add_months(until - timedelta(days=days), -months) < day:
        until += timedelta(days=1)
    return until


def _membership_year(joined: date, today: date) -> Window:
    began = _anniversary(joined, today.year)
    if began > today:
        began = _anniversary(joined, today.year - 1)
    return Window(began, _anniversary(joined, began.year + 1) - timedelta(days=1))


def _anniversary(joined: date, year: int) -> date:
    return date(year, joined.month, min(joined.day, calendar.monthrange(year, joined.month)[1]))


@dataclasses.dataclass(frozen=True, slots=True)
class Qualification:
    """The best level that what was counted gives, as its place in the file, and its last day (None: for ever)."""

    level: int
    through: date | None
