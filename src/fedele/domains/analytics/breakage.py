"""Breakage: how many of the outstanding units nobody will ever spend, learnt from how units were spent before. Pure.

Units are survivors: each month of a lot's age some are spent, and what is left when the lot ends breaks. The chance
to be spent at an age is the discrete hazard spent(age) ÷ at risk(age), pooled over all cohorts that have been seen at
that age (the life-table form of Kaplan and Meier's estimator, 1958). A cohort that is still young counts for the ages
it has reached and is censored after them; ages that nobody has reached take the hazard of the oldest that somebody
did.

Where a lot bears the date on which it ends, a unit breaks if it is not spent until then. Where activity or a tier
moves that date (or there is none), expiry is a hazard by age too, in competition with spending (Aalen and Johansen,
1978).
"""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from fedele.domains.analytics.types import Flow, Forecast

GROUPS = 16  # of members, each left out once for the interval
AGE_MAX = 240  # months: what is still unspent then is taken as it stands
RISK_MIN = 1.0
TAIL_SHARE = 0.2


def months_between(earlier: date, later: date) -> int:
    """Whole calendar months from one first of the month to another."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


@dataclasses.dataclass(frozen=True, slots=True)
class Hazards:
    """The chance, per month of age, that a unit still there is spent, and that it expires."""

    spent: tuple[float, ...]
    expired: tuple[float, ...]

    @staticmethod
    def _at(hazards: Sequence[float], age: int) -> float:
        return hazards[min(age, len(hazards) - 1)] if hazards else 0.0

    def breaks_by_date(self, age: int, months_left: int, last_share: float) -> float:
        """The chance that a unit of this age is unspent when its lot ends, `months_left` months on; the last of them it
        lives through only to `last_share`. Months that are over already break for certain."""
        survives = 1.0
        for step in range(months_left):
            survives *= 1 - self._at(self.spent, age + step)
        if months_left >= 0:
            survives *= (1 - self._at(self.spent, age + months_left)) ** last_share
        return survives

    def breaks_by_hazard(self, age: int, months: int | None) -> float:
        """The chance that a unit of this age expires, of itself, within so many months (None: ever)."""
        survives, broken = 1.0, 0.0
        for step in range(AGE_MAX if months is None else months):
            expires = self._at(self.expired, age + step)
            broken += survives * expires
            survives *= max(0.0, 1 - expires - self._at(self.spent, age + step))
        return broken


def learn(flows: Iterable[Flow], until: date) -> Hazards:
    """Hazards from everything that happened before `until`, the first of a month."""
    by_age: dict[tuple[date, int], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    for flow in flows:
        if flow.month < until:
            cell = by_age[flow.cohort, max(0, months_between(flow.cohort, flow.month))]
            for place, units in enumerate((flow.issued, flow.burned, flow.expired, flow.removed)):
                cell[place] += units
    risk: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for cohort in {cohort for cohort, _ in by_age}:
        left = 0.0
        for age in range(months_between(cohort, until)):
            new, burned, expired, removed = by_age.get((cohort, age), (0.0, 0.0, 0.0, 0.0))
            exposed = left + new - removed  # what was taken back was never going to be spent or to break
            risk[age][0] += max(exposed, 0.0)
            risk[age][1] += max(burned, 0.0)
            risk[age][2] += max(expired, 0.0)
            left = exposed - burned - expired
    ages = [age for age in sorted(risk) if risk[age][0] >= RISK_MIN]
    spent = _spent([risk[age] for age in ages])
    expired_at = tuple(min(1.0, risk[age][2] / risk[age][0]) for age in ages)
    return Hazards(spent, expired_at)


def _spent(risk: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Hazards of spending by age; the oldest ages, which few cohorts have reached, share one hazard until together they
    have seen TAIL_SHARE of what the most seen age has: a single cohort's whim is no law."""
    tail, needed = len(risk), TAIL_SHARE * max((at_risk for at_risk, *_ in risk), default=0.0)
    seen = burned = 0.0
    while tail > 0 and seen < needed:
        tail -= 1
        seen, burned = seen + risk[tail][0], burned + risk[tail][1]
    pooled = min(1.0, burned / seen) if seen else 0.0
    return (*(min(1.0, one[1] / one[0]) for one in risk[:tail]), *(pooled for _ in risk[tail:]))


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """Units of one cohort that end together, still there at an instant."""

    cohort: date
    from_sale: bool
    ends: date | None
    units: int
    last_share: float


def standing_at(flows: Iterable[Flow], at: date) -> list[Standing]:
    """What is outstanding of each cohort at the first of a month."""
    left: dict[tuple[date, bool, date | None], int] = defaultdict(int)
    share: dict[tuple[date, bool, date | None], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for flow in flows:
        if flow.month < at:
            key = (flow.cohort, flow.from_sale, flow.ends)
            left[key] += flow.left
            share[key][0] += flow.issued * flow.last_share
            share[key][1] += flow.issued
    return [
        Standing(cohort, from_sale, ends, units, share[key][0] / share[key][1] if share[key][1] else 0.5)
        for key, units in left.items()
        for cohort, from_sale, ends in (key,)
        if units
    ]


def expected(standing: Standing, hazards: Hazards, at: date, *, dated: bool, months: int | None = None) -> float:
    """How many of these units will break, ever or within so many months."""
    age = months_between(standing.cohort, at)
    if not dated:
        return standing.units * hazards.breaks_by_hazard(age, months)
    if standing.ends is None:
        return 0.0
    left = months_between(at, standing.ends)
    if months is not None and left >= months:
        return 0.0
    return standing.units * hazards.breaks_by_date(age, left, standing.last_share)


def forecast(flows: Sequence[Flow], currency: str, at: date, until: date, *, dated: bool) -> Forecast:
    """What of the units outstanding at `at` will have expired before `until`, with a 95 % interval; and what did, if
    the flows reach that far.

    The interval leaves one group of members out at a time (delete-a-group jackknife), which knows that one member's
    units are spent or break together, and doubles that variance: the units still to come are as uneven as those seen.
    """
    mine = [flow for flow in flows if flow.currency == currency]
    months = months_between(at, until)

    def total(part: Sequence[Flow]) -> float:
        hazards = learn(part, at)
        return sum(expected(one, hazards, at, dated=dated, months=months) for one in standing_at(part, at))

    groups = sorted({flow.member_group for flow in mine})
    whole, count = total(mine), len(groups)
    spread = 0.0
    if count > 1:
        without = [total([flow for flow in mine if flow.member_group != g]) * count / (count - 1) for g in groups]
        mean = sum(without) / count
        spread = math.sqrt(2 * (count - 1) / count * sum((value - mean) ** 2 for value in without))
    came = [flow for flow in mine if flow.cohort < at <= flow.month < until]
    outstanding = sum(one.units for one in standing_at(mine, at))
    return Forecast(
        currency=currency,
        since=at,
        until=until,
        outstanding=outstanding,
        expected=whole,
        low=max(0.0, whole - 1.96 * spread),
        high=min(float(max(outstanding, 0)), whole + 1.96 * spread),
        came_true=sum(flow.expired for flow in came) if any(flow.month >= at for flow in mine) else None,
    )
