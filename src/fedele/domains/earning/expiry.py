"""When units that are earned now stop being spendable, in the programme's own days.

An instant of expiry is always a midnight of the programme's time zone, the end of the last day on which the units may
be spent; 31 January and a month is the last day of February; a day that a clock change makes shorter stays a day.
"""

import calendar
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fedele.domains.earning.config import ActivatesOn
from fedele.domains.ledger.types import ExtendExpiry, KeepAlive
from fedele.domains.programme.config import (
    ActivityKind,
    Currencies,
    Currency,
    Expiry,
    FixedDateExpiry,
    InactivityExpiry,
    RollingExpiry,
)
from fedele.kernel.money import CurrencyKey


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


def active_on(day: date, pending_days: int, fixed: ActivatesOn | None) -> date | None:
    """The programme's day from which units earned on `day` can be spent; None: at once."""
    if fixed is None:
        return day + timedelta(days=pending_days) if pending_days else None
    if fixed.years:
        return _dated(day.year + fixed.years, fixed)
    return this_year if (this_year := _dated(day.year, fixed)) > day else _dated(day.year + 1, fixed)


def end_of_day(day: date, time_zone: str) -> datetime:
    """The midnight at which this day ends, in the programme's time zone, as an aware instant."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(time_zone))


def followed(
    expiry: Expiry, end: datetime | None, active_from: datetime, at: datetime, time_zone: str
) -> datetime | None:
    """When units end that have the end `end`, once `expiry` governs them from `at` on: after a change of tier.

    What the new rule makes live longer lives as if it had been earned under it. What it makes shorter keeps its end,
    unless the rule, counted from the change, is over sooner: a lost tier never takes value away overnight. Following
    the same change again changes nothing.
    """
    under_it = expires_at(expiry, active_from, time_zone)
    if under_it is None or (end is not None and under_it >= end):
        return under_it
    from_now = expires_at(expiry, max(active_from, at), time_zone)
    assert from_now is not None, "a rule that ends what was earned then ends what is earned now"
    return from_now if end is None else min(end, from_now)


def activity_moves(
    currencies: Currencies,
    tier: str | None,
    kinds: Collection[ActivityKind],
    at: datetime,
    time_zone: str,
    cause: str,
    reason: Mapping[str, Any],
) -> list[KeepAlive | ExtendExpiry]:
    """What activity of these kinds does to the expiry of units that live by it. `cause` names it once for all.

    Late activity shortens nothing: an end only ever moves on.
    """
    moves: list[KeepAlive | ExtendExpiry] = []
    day = at.astimezone(ZoneInfo(time_zone)).date()
    for currency in currencies:
        expiry = expiry_of(currency, tier)
        common: dict[str, Any] = {
            "scope": "activity", "currency": CurrencyKey(currency.key), "occurred_at": at, "reason": reason,
        }  # fmt: skip
        if isinstance(expiry, InactivityExpiry) and not set(kinds).isdisjoint(expiry.activity):
            until = expires_at(expiry, at, time_zone)
            assert until is not None, "an inactivity expiry always ends"
            moves.append(KeepAlive(key=f"{cause}:{currency.key}", expires_at=until, **common))
        elif (
            isinstance(expiry, RollingExpiry) and expiry.activity_extends and not set(kinds).isdisjoint(expiry.activity)
        ):
            longer = expiry.activity_extends
            moves.append(
                ExtendExpiry(
                    key=f"{day:%Y-%m}:{currency.key}",
                    time_zone=time_zone,
                    earned_before=start_of_day(day.replace(day=1), time_zone),
                    years=longer.years,
                    months=longer.months,
                    days=longer.days,
                    end_of=expiry.end_of,
                    **common,
                )
            )
    return moves


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
    year = day.year if _dated(day.year, expiry) >= day else day.year + 1
    return _dated(year + expiry.years, expiry)


def _dated(year: int, fixed: FixedDateExpiry | ActivatesOn) -> date:
    return date(year, fixed.month, min(fixed.day, calendar.monthrange(year, fixed.month)[1]))
