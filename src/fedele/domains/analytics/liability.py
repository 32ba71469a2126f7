"""Put a liability report together from what the statements answered. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from fedele.domains.analytics.deferral import Closing, Cohort, Experience, closing, cohorts_by_month, next_month
from fedele.domains.analytics.types import Allocation, Flow, LiabilityMonth, Movements


def months_of(movements: Iterable[Movements], until: date) -> list[date]:
    """Every month from the first with a movement to `until`, which is included."""
    month = min((one.month for one in movements), default=next_month(until))
    found = []
    while month <= until:
        found.append(month)
        month = next_month(month)
    return found


def liability_of(
    movements: Sequence[Movements], allocations: Iterable[Allocation], experience: Experience, until: date
) -> list[LiabilityMonth]:
    """One currency's months, oldest first, each from its opening to its closing."""
    by_month = {one.month: one for one in movements}
    flows = cohorts_by_month(experience.flows)
    worths = {(one.cohort, one.from_sale): one for one in allocations}
    cohorts: dict[tuple[date, bool], Cohort] = defaultdict(Cohort)
    state, before = Closing(0, 0, 0, 0), _Balance()
    found = []
    for month in months_of(movements, until):
        for flow in flows.get(month, ()):
            cohorts[flow.cohort, flow.from_sale].add(flow)
        after = closing(cohorts, worths, experience, month)
        fresh = sum(one.allocated_minor for (cohort, _), one in worths.items() if cohort == month)
        moved = by_month.get(month) or Movements("", month)
        found.append(_month(movements[0].currency, month, moved, before, state, after, round(fresh)))
        before, state = before.after(moved), after
    return found


class _Balance:
    """Running balances of the members' accounts."""

    def __init__(self, available: int = 0, pending: int = 0, reserved: int = 0, debt: int = 0) -> None:
        self.available, self.pending, self.reserved, self.debt = available, pending, reserved, debt

    def after(self, moved: Movements) -> "_Balance":
        """Once the month's movements are added."""
        return _Balance(
            self.available + moved.available,
            self.pending + moved.pending,
            self.reserved + moved.reserved,
            self.debt + moved.debt,
        )

    @property
    def net(self) -> int:
        """What members hold less what they owe."""
        return self.available + self.pending + self.reserved - self.debt


def _month(
    currency: str, month: date, moved: Movements, before: _Balance, was: Closing, now: Closing, allocated: int
) -> LiabilityMonth:
    after = before.after(moved)
    reversed_minor = round(was.attributed) + allocated - round(now.attributed)
    return LiabilityMonth(
        currency=currency,
        month=month,
        opening=before.net,
        issued=moved.issued,
        burned=moved.burned,
        restored=moved.restored,
        expired=moved.expired,
        clawed_back=moved.clawed_back,
        adjusted=moved.adjusted,
        available=after.available,
        pending=after.pending,
        reserved=after.reserved,
        debt=after.debt,
        expected_breakage=round(now.breakage),
        deferred_opening_minor=round(was.deferred),
        allocated_minor=allocated,
        reversed_minor=reversed_minor,
        recognised_minor=round(was.deferred) + allocated - reversed_minor - round(now.deferred),
        deferred_minor=round(now.deferred),
        provision_minor=round(now.provision),
    )


def by_currency(items: Iterable[Movements]) -> Mapping[str, list[Movements]]:
    """Movements by currency, in the order of the months."""
    found: dict[str, list[Movements]] = defaultdict(list)
    for one in sorted(items, key=lambda one: (one.currency, one.month)):
        found[one.currency].append(one)
    return found


def flows_by_currency(items: Iterable[Flow]) -> Mapping[str, list[Flow]]:
    """Flows by currency, in one stated order, so that the same books always give the same cents."""
    found: dict[str, list[Flow]] = defaultdict(list)
    for one in sorted(items, key=lambda one: (one.month, one.cohort, one.from_sale, one.ends or date.max)):
        found[one.currency].append(one)
    return found
