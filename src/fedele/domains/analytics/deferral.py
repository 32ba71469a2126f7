"""Deferred revenue of units, IFRS 15 style. Pure.

A unit given with a sale is a material right (IFRS 15.B39–B43): part of the sale's price belongs to it and is revenue
only when it is spent. Example 52 of the standard (customer loyalty programme) is the pattern, here per month of
accrual (a portfolio, 15.4), with everything counted in units U of one currency:

    allocated  A = Σ over sales of  price × units' price ÷ (price + prices of all units it gave)      [15.74–80]
                   where the units' price is  units × worth × (1 − breakage expected at the accrual)
    deferred   D = A × units still expected to be spent ÷ (units spent + still expected to be)   [Example 52]

The worth is that of the programme version which the accrual carries; it is not allocated anew when the worth changes
later (15.88). The expectation is estimated anew at every month's end from what had happened by then, so that a closed
month never changes; a change of estimate falls into the month in which it is made. Breakage is expected only after
EXPERIENCE_MONTHS whole months, and once units have really come to their end: that nobody has spent anything yet
entitles nobody to expect that nobody will (15.B46, 15.56). Until then all is deferred.

Units that no sale gave (an event, an import, a correction) have no price to share. What they will cost is told apart,
as a provision at worth × expected redemption.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from fedele.domains.analytics.breakage import Hazards, Standing, expected, learn, months_between
from fedele.domains.analytics.types import Allocation, Flow

EXPERIENCE_MONTHS = 6


def next_month(month: date) -> date:
    """The first of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Experience:
    """What one currency's flows teach by each month's end. `moved_since`: when lots' dates began to move, if ever."""

    flows: Sequence[Flow]
    moved_since: date | None
    complete_until: date  # the first of the month that is still running

    def hazards(self, month: date) -> Hazards | None:
        """What is known at the end of a month; None: too little to expect any breakage."""
        until = min(next_month(month), self.complete_until)
        first = min((flow.month for flow in self.flows), default=until)
        seen_the_end = any(flow.expired > 0 and flow.month < until for flow in self.flows)
        if months_between(first, until) < EXPERIENCE_MONTHS or not seen_the_end:
            return None
        return learn(self.flows, until)

    def dated(self, month: date) -> bool:
        """Whether the date that lots bear was one to rely on, at the end of a month."""
        return self.moved_since is None or self.moved_since >= next_month(month)

    def fresh_redemption(self, cohort: date) -> float:
        """Of the units accrued in a month, the share expected to be spent, as of that month's end."""
        hazards = self.hazards(cohort)
        if hazards is None:
            return 1.0
        issued = [flow for flow in self.flows if flow.cohort == cohort and flow.issued]
        units = sum(flow.issued for flow in issued)
        broken = sum(
            expected(
                Standing(cohort, flow.from_sale, flow.ends, flow.issued, flow.last_share),
                hazards,
                cohort,
                dated=self.dated(cohort),
            )
            for flow in issued
        )
        return 1 - broken / units if units else 1.0


@dataclasses.dataclass(slots=True)
class Cohort:
    """One month of accrual as it stands at some month's end, sales and gifts apart."""

    issued: int = 0
    burned: int = 0
    removed: int = 0
    left: dict[tuple[date | None, float], int] = dataclasses.field(default_factory=lambda: defaultdict(int))

    def add(self, flow: Flow) -> None:
        """Let another month's flow happen."""
        self.issued += flow.issued
        self.burned += flow.burned
        self.removed += flow.removed
        self.left[flow.ends, flow.last_share if flow.issued else self._share(flow.ends)] += flow.left

    def _share(self, ends: date | None) -> float:
        return next((share for known, share in self.left if known == ends), 0.5)


@dataclasses.dataclass(frozen=True, slots=True)
class Closing:
    """What one currency's units mean in money at a month's end, unrounded."""

    breakage: float  # units
    deferred: float
    attributed: float  # allocated so far, less what was reversed
    provision: float


def closing(
    cohorts: Mapping[tuple[date, bool], Cohort],
    worths: Mapping[tuple[date, bool], Allocation],
    experience: Experience,
    month: date,
) -> Closing:
    """The state at the end of a month, from the cohorts as they stand then."""
    hazards, dated, at = experience.hazards(month), experience.dated(month), next_month(month)
    breakage = deferred = attributed = provision = 0.0
    for (born, from_sale), cohort in sorted(cohorts.items()):
        units = sum(cohort.left.values())
        broken = _broken(born, from_sale, cohort, hazards, at, dated=dated)
        breakage += broken
        worth = worths.get((born, from_sale))
        if worth is None or not worth.units:
            continue
        alive = max(0.0, units - broken)
        if from_sale:
            mine = worth.allocated_minor * min(1.0, max(0, cohort.issued - cohort.removed) / worth.units)
            attributed += mine
            spent = max(0, cohort.burned)
            deferred += mine * alive / (spent + alive) if spent + alive > 0 else 0.0
        else:
            provision += alive * worth.worth_minor / worth.units
    return Closing(breakage, deferred, attributed, provision)


def _broken(born: date, from_sale: bool, cohort: Cohort, hazards: Hazards | None, at: date, *, dated: bool) -> float:
    if hazards is None:  # nothing is expected to break, but what has ended already has
        return float(
            sum(units for (ends, _), units in cohort.left.items() if dated and ends and ends < at and units > 0)
        )
    return sum(
        expected(Standing(born, from_sale, ends, units, share), hazards, at, dated=dated)
        for (ends, share), units in cohort.left.items()
        if units > 0
    )


def cohorts_by_month(flows: Iterable[Flow]) -> Mapping[date, list[Flow]]:
    """Flows by the month in which they happened."""
    found: dict[date, list[Flow]] = defaultdict(list)
    for flow in flows:
        found[flow.month].append(flow)
    return found
