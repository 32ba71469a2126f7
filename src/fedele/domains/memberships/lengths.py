"""How long a term is, on the programme's clock. Pure."""

import calendar
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fedele.domains.programme.types import Period


def end_of_term(starts_at: datetime, period: Period, time_zone: str, anchor: datetime) -> datetime:
    """When a term ends that starts then: at the same time of day, on the same day of the month as the first one.

    `anchor` is the start of the first paid term: a membership of 31 January renews on 28 February and on 31 March.
    """
    zone = ZoneInfo(time_zone)
    local = starts_at.astimezone(zone)
    day = period.after(local.date())
    if not period.days:
        wanted = anchor.astimezone(zone).day
        day = date(day.year, day.month, min(wanted, calendar.monthrange(day.year, day.month)[1]))
    return _at(day, local, zone)


def after(at: datetime, period: Period, time_zone: str) -> datetime:
    """So much later, at the same time of day."""
    zone = ZoneInfo(time_zone)
    local = at.astimezone(zone)
    return _at(period.after(local.date()), local, zone)


def before(at: datetime, period: Period, time_zone: str) -> datetime:
    """So much earlier, at the same time of day; months count as 31 days, to be too early rather than too late."""
    zone = ZoneInfo(time_zone)
    local = at.astimezone(zone)
    days = period.days + 31 * (period.months + 12 * period.years)
    return _at(date.fromordinal(local.date().toordinal() - days), local, zone)


def _at(day: date, local: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, local.timetz().replace(tzinfo=None), zone)
