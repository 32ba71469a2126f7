"""Deferred revenue follows Example 52 of IFRS 15, and every month's money adds up."""

from datetime import date
from itertools import pairwise

import pytest

from fedele.domains.analytics.deferral import EXPERIENCE_MONTHS, Experience, next_month
from fedele.domains.analytics.liability import liability_of
from fedele.domains.analytics.types import Allocation, Flow, LiabilityMonth, Movements
from tests.factories.histories import month_number, simulated_flows

FAR = date(2030, 1, 1)


def flow(cohort: int, month: int, **units: int) -> Flow:
    """A flow of points from sales that never expire."""
    return Flow("points", month_number(cohort), True, None, 0, month_number(month), **units)


def movements(month: int, **units: int) -> Movements:
    """The books' side of it."""
    return Movements("points", month_number(month), **units)


def report(
    flows: list[Flow], moved: list[Movements], allocations: list[Allocation], until: int
) -> list[LiabilityMonth]:
    """The months, with nothing expected to break (no lot ends)."""
    return liability_of(moved, allocations, Experience(flows, None, FAR), month_number(until))


def test_example_52_of_the_standard() -> None:
    """Products for 100,000 with 10,000 points at 0.95 expected: 91,324 to the products, 8,676 to the points; 4,500
    redeemed of 9,500 expected → 4,110 of revenue; the next year 4,000 more of 9,700 → 3,493 (cumulative 7,603)."""
    allocated = 100_000 * 9_500 / (100_000 + 9_500)
    assert round(allocated) == 8_676
    first = allocated * 4_500 / 9_500
    assert round(first) == 4_110
    # As this room computes it: what is deferred = allocated × still expected ÷ (spent + still expected).
    assert round(allocated - allocated * 5_000 / (4_500 + 5_000)) == 4_110
    assert round(allocated - allocated * 1_200 / (8_500 + 1_200)) == 7_603


def test_revenue_is_recognised_as_units_are_spent() -> None:
    """1,000 points allocated 9.00: 400 spent in the second month recognise 3.60, the rest waits."""
    flows = [flow(0, 0, issued=1000), flow(0, 1, burned=400)]
    moved = [movements(0, issued=1000, available=1000), movements(1, burned=400, available=-400)]
    allocation = Allocation("points", month_number(0), True, 1000, 1000.0, 900.0)
    first, second, third = report(flows, moved, [allocation], 2)
    assert (first.allocated_minor, first.recognised_minor, first.deferred_minor) == (900, 0, 900)
    assert (second.recognised_minor, second.deferred_minor) == (360, 540)
    assert (third.recognised_minor, third.deferred_minor, third.outstanding) == (0, 540, 600)
    assert all(one.balances for one in (first, second, third))


def test_a_return_reverses_what_was_allocated() -> None:
    """Half of the units clawed back: half of the money was never the points'; none of it is revenue of points."""
    flows = [flow(0, 0, issued=1000), flow(0, 1, removed=500)]
    moved = [movements(0, issued=1000, available=1000), movements(1, clawed_back=500, available=-500)]
    allocation = Allocation("points", month_number(0), True, 1000, 1000.0, 900.0)
    _, second = report(flows, moved, [allocation], 1)
    assert (second.reversed_minor, second.recognised_minor, second.deferred_minor) == (450, 0, 450)


def test_units_without_a_sale_are_a_provision_not_revenue() -> None:
    """A birthday's points have no price to share: their worth is a cost to come, told apart."""
    gift = Flow("points", month_number(0), False, None, 0, month_number(0), issued=500)
    moved = [movements(0, issued=500, available=500)]
    (month,) = report([gift], moved, [Allocation("points", month_number(0), False, 500, 500.0, 0.0)], 0)
    assert (month.deferred_minor, month.allocated_minor, month.provision_minor) == (0, 0, 500)


def test_no_breakage_is_expected_before_there_is_experience() -> None:
    """Five months entitle nobody to expect breakage, nor do ten in which no unit came to its end, however little was
    spent; six months with an end in them do."""
    short, long = (simulated_flows(1, 12, lifetime, monthly=0.1, loyal=0.6) for lifetime in (4, 12))
    experience = Experience(short, None, month_number(12))
    assert experience.fresh_redemption(month_number(EXPERIENCE_MONTHS - 2)) == 1.0
    assert 0.1 < experience.fresh_redemption(month_number(EXPERIENCE_MONTHS)) < 0.9
    assert Experience(long, None, month_number(12)).fresh_redemption(month_number(10)) == 1.0


def test_a_closed_month_never_changes() -> None:
    """What is told of a month once it is over is told of it for ever, whatever happens later."""
    flows = simulated_flows(2, 24, 12, monthly=0.15, loyal=0.8)
    moved = [movements(number, issued=1) for number in range(24)]
    allocations = [
        Allocation("points", cohort, True, sum(one.issued for one in flows if one.cohort == cohort), 1e6, 9e5)
        for cohort in sorted({one.cohort for one in flows})
    ]

    def told(until: int) -> list[LiabilityMonth]:
        known = [one for one in flows if one.month < month_number(until)]
        experience = Experience(known, None, month_number(until))
        return liability_of(moved[:until], allocations, experience, month_number(until - 1))

    assert told(24)[:12] == told(12)


def test_all_that_was_allocated_is_recognised_in_the_end() -> None:
    """Once nothing is outstanding, spent and broken units together have brought all their money, to the cent."""
    flows = simulated_flows(4, 40, 6, monthly=0.2, loyal=0.7)
    born = [one for one in flows if one.cohort < month_number(30)]
    moved = [movements(number, issued=1) for number in range(40)]
    allocations = [
        Allocation("points", cohort, True, sum(one.issued for one in born if one.cohort == cohort), 1e6, 12_345.6)
        for cohort in sorted({one.cohort for one in born})
    ]
    months = liability_of(moved, allocations, Experience(born, None, month_number(40)), month_number(39))
    assert months[-1].deferred_minor == 0
    assert sum(one.allocated_minor for one in months) == pytest.approx(30 * 12_346, abs=30)
    recognised = sum(one.recognised_minor for one in months)
    assert recognised + sum(one.reversed_minor for one in months) == sum(one.allocated_minor for one in months)
    for earlier, later in pairwise(months):
        assert later.month == next_month(earlier.month)
        assert later.deferred_opening_minor == earlier.deferred_minor
