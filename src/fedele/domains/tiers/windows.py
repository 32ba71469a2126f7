"""Over which days a tier is earned, and until when it is then kept, in the programme's own days."""

import calendar
import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.domains.tiers.config import CalendarWindow, RollingWindow, TiersConfig
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
        case RollingWindow(months=months):
            return add_months(today, -months)
        case CalendarWindow(kept_years=years):
            return date(today.year - years, 1, 1)
        case _:
            return add_months(today, -24)


def windows_at(config: TiersConfig, today: date, joined: date) -> list[Window]:
    """The windows that give a tier today, the present one first.

    rolling: the last so many months, today included. calendar_year: this year, and those whose tiers are still kept.
    anniversary: the member's own year, and the one before (29 February is kept on 28 February in common years).
    """
    match config.window:
        case RollingWindow(months=months):
            return [Window(add_months(today, -months) + timedelta(days=1), today)]
        case CalendarWindow(kept_years=years):
            return [
                Window(date(year, 1, 1), date(year, 12, 31)) for year in range(today.year, today.year - years - 1, -1)
            ]
        case _:
            present = _membership_year(joined, today)
            return [present, _membership_year(joined, present.first_day - timedelta(days=1))]


def kept_through(config: TiersConfig, window: Window, days: Days, needed: int) -> date:
    """The last day of a tier that needs `needed` and is qualified for in this window, before any grace.

    In a rolling window this is the last day on which what was counted so far still suffices by itself.
    """
    match config.window:
        case RollingWindow(months=months):
            return _last_sufficient_day(window, days, needed, months)
        case CalendarWindow(kept_years=years):
            return date(window.last_day.year + years, 12, 31)
        case _:
            return add_months(window.last_day, 12)


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
            return add_months(day, months) - timedelta(days=1)
    return window.last_day


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
