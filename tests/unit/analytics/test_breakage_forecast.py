"""The breakage forecast made on half a history, against what came true in the other half."""

import dataclasses
from datetime import date

import pytest

from fedele.domains.analytics.breakage import Hazards, forecast, learn, months_between, standing_at
from fedele.domains.analytics.types import Flow
from tests.factories.histories import month_number, simulated_flows

HALF, WHOLE = month_number(12), month_number(24)
ERROR_MAX = 0.05  # of what was outstanding


@pytest.mark.parametrize(("monthly", "loyal"), [(0.10, 1.0), (0.25, 0.7), (0.02, 1.0), (0.40, 0.5)])
def test_half_a_history_foretells_the_other_half(monthly: float, loyal: float) -> None:
    """Members that all spend alike, and a loyal few beside many idle ones: of the units outstanding in the middle, the
    forecast is within 5 % of them of what expired later, and its 95 % interval holds the truth."""
    within = 0
    for seed in range(3):
        flows = simulated_flows(seed, 24, 12, monthly=monthly, loyal=loyal)
        told = forecast(flows, "points", HALF, WHOLE, dated=True)
        assert told.came_true is not None
        assert abs(told.expected - told.came_true) <= ERROR_MAX * told.outstanding, (seed, told)
        within += told.low <= told.came_true <= told.high
    assert within == 3


def test_the_second_half_is_not_looked_at() -> None:
    """What happened after the middle changes nothing of the forecast: only of what it is compared with."""
    flows = simulated_flows(1, 24, 12, monthly=0.2, loyal=0.8)
    early = [flow for flow in flows if flow.month < HALF]
    alone, seen = (forecast(part, "points", HALF, WHOLE, dated=True) for part in (early, flows))
    assert alone.came_true is None
    assert dataclasses.replace(seen, came_true=None) == alone


def test_a_forecast_that_ignores_spending_is_far_off() -> None:
    """The control: if everything outstanding were expected to expire, the bound of the test above would see it."""
    flows = simulated_flows(1, 24, 12, monthly=0.25, loyal=0.7)
    told = forecast(flows, "points", HALF, WHOLE, dated=True)
    assert told.came_true is not None
    assert abs(told.outstanding - told.came_true) > ERROR_MAX * told.outstanding


def test_where_activity_moves_the_end_expiry_is_learnt_by_age() -> None:
    """Lots whose date cannot be relied on: expiry competes with spending, and the forecast still meets the truth."""
    flows = [dataclasses.replace(flow, ends=None) for flow in simulated_flows(3, 36, 6, monthly=0.15, loyal=0.8)]
    told = forecast(flows, "points", month_number(18), month_number(36), dated=False)
    assert told.came_true is not None
    assert abs(told.expected - told.came_true) <= ERROR_MAX * told.outstanding


def test_a_young_cohort_counts_for_the_ages_it_has_reached() -> None:
    """Right censoring: 100 units that lost 10 in their first month, and 100 of which a month later nothing is known."""
    flows = [
        Flow("points", month_number(0), True, None, 0, month_number(0), issued=100, burned=10),
        Flow("points", month_number(0), True, None, 0, month_number(1), burned=45),
        Flow("points", month_number(1), True, None, 0, month_number(1), issued=100, burned=30),
    ]
    hazards = learn(flows, month_number(2))
    assert hazards.spent == pytest.approx((40 / 200, 45 / 90))
    assert hazards.breaks_by_date(0, 2, 0.0) == pytest.approx(0.8 * 0.5)
    assert hazards.breaks_by_date(0, 4, 0.0) == pytest.approx(0.8 * 0.5**3)  # beyond: as at the oldest age seen


def test_what_is_over_breaks_and_what_never_ends_does_not() -> None:
    """A lot past its end that awaits its sweep is lost for certain; without any hazard a unit stays as it is."""
    hazards = Hazards((0.5,), ())
    assert hazards.breaks_by_date(3, -1, 0.5) == 1.0
    assert hazards.breaks_by_hazard(3, None) == 0.0


def test_months_and_standings() -> None:
    """Months are counted over years; what is clawed back is not outstanding."""
    assert months_between(date(2025, 11, 1), date(2026, 2, 1)) == 3
    flow = Flow("points", month_number(0), True, None, 0, month_number(0), issued=100, burned=10, removed=90)
    assert standing_at([flow], month_number(1)) == []
