"""Caps and cooldowns: how much of an award still fits, in the periods of the programme's own calendar."""

import calendar
import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from fedele.domains.earning.config import Cap, CapPeriod, RuleBase
from fedele.domains.earning.types import LineShare, Outcome, RuleUsage
from fedele.kernel.apportion import apportion
from fedele.kernel.money import to_units

UsageKey = tuple[str, str]  # (rule key, period) or ("currency:<key>", period)


CARRY = "carry"  # the period under which a rule's carried millionths of a unit are kept


def period_of(per: CapPeriod, at: datetime, time_zone: str, joined: datetime | None = None) -> str | None:
    """The period of the programme's calendar that an instant falls in; None for `transaction`: it is not kept.

    A membership year is named by the calendar year in which it began; who has not joined yet joins now.
    """
    local = at.astimezone(ZoneInfo(time_zone))
    match per:
        case "transaction":
            return None
        case "day":
            return f"day:{local:%Y-%m-%d}"
        case "week":
            year, week, _ = local.isocalendar()
            return f"week:{year}-W{week:02}"
        case "month":
            return f"month:{local:%Y-%m}"
        case "quarter":
            return f"quarter:{local.year}-{(local.month + 2) // 3}"
        case "year":
            return f"year:{local:%Y}"
        case "membership_year":
            began = _membership_year(local.date(), (joined or at).astimezone(ZoneInfo(time_zone)).date())
            return f"membership_year:{began}"
        case "lifetime":
            return "lifetime"


def _membership_year(day: date, joined: date) -> int:
    """The calendar year in which the membership year of this day began; 29 February is the 28th in common years."""
    last = calendar.monthrange(day.year, joined.month)[1]
    return day.year if day >= date(day.year, joined.month, min(joined.day, last)) else day.year - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Capped:
    """What is left of an award, and the cap that took the rest."""

    units: int
    cap: Cap | None = None
    room: int = 0


class Meter:
    """The member's use of capped rules, with what this evaluation has given so far."""

    def __init__(
        self, usage: Mapping[UsageKey, RuleUsage], at: datetime, time_zone: str, joined: datetime | None = None
    ) -> None:
        self._usage, self._at, self._time_zone, self._joined = usage, at, time_zone, joined
        self._given: dict[UsageKey, int] = {}
        self._in_transaction: dict[str, int] = {}

    def fit(self, name: str, caps: Iterable[Cap], units: int, decimals: int) -> Capped:
        """How much of `units` all these caps allow. `name` is the rule's key, or "currency:<key>"."""
        left, by, room_then = units, None, 0
        for cap in caps:
            room = max(0, to_units(cap.amount, decimals) - self._used(name, cap.per))
            if left <= room:
                continue
            left, by, room_then = (room if cap.over == "partial" else 0), cap, room
        return Capped(left, by, room_then)

    def fill(self, name: str, caps: Iterable[Cap], units: int) -> tuple[UsageKey, ...]:
        """Count `units` towards these caps. Returns the counters that the award fills."""
        self._in_transaction[name] = self._in_transaction.get(name, 0) + units
        periods = {period_of(cap.per, self._at, self._time_zone, self._joined) for cap in caps}
        keys = tuple((name, period) for period in sorted(period for period in periods if period))
        for key in keys:
            self._given[key] = self._given.get(key, 0) + units
        return keys

    def _used(self, name: str, per: CapPeriod) -> int:
        period = period_of(per, self._at, self._time_zone, self._joined)
        if period is None:
            return self._in_transaction.get(name, 0)
        return self._usage.get((name, period), RuleUsage()).units + self._given.get((name, period), 0)


def shrink(lines: tuple[LineShare, ...], units: int) -> tuple[LineShare, ...]:
    """The lines of an award that a cap cut down to `units`, in their old proportions."""
    if not lines:
        return ()  # an event's award comes from no line
    parts = apportion(units, [share.units for share in lines])
    return tuple(LineShare(share.number, part) for share, part in zip(lines, parts, strict=True) if part)


def resting(
    rule: RuleBase, usage: Mapping[UsageKey, RuleUsage], at: datetime
) -> tuple[Outcome, dict[str, object]] | None:
    """Why a rule gives nothing to this member now (its cooldown, its number of times), or None."""
    past = usage.get((rule.key, "lifetime"))
    if past is None or not past.times:
        return None
    if rule.times_max is not None and past.times >= rule.times_max:
        return "cooling_down", {"times": past.times, "times_max": rule.times_max}
    if rule.cooldown_hours and past.last_at is not None:
        until = past.last_at + timedelta(hours=rule.cooldown_hours)
        if at < until and at > past.last_at - timedelta(hours=rule.cooldown_hours):
            return "cooling_down", {"until": until.isoformat()}
    return None
