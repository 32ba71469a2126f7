"""What a purchase or an event counts for, and what returns leave of it."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fedele.domains.activity.types import ActivityEvent, ActivityEventId, Line, Purchase, PurchaseId
from fedele.domains.challenges.config import Goal
from fedele.domains.challenges.counting import count_event, count_purchase, standing
from fedele.domains.challenges.types import Contribution, Counted
from fedele.domains.earning.queries import event_bindings, line_bindings, purchase_bindings
from fedele.domains.earning.types import Earner, Occasion, Sale
from fedele.kernel.ids import MemberId, StoreId, new_id
from fedele.kernel.vocabulary import LINE_ENVIRONMENT

ROME = "Europe/Rome"
EVENING = datetime(2026, 5, 20, 22, 30, tzinfo=UTC)  # 00:30 of the 21st in Rome
LINES = (
    Line(1, Decimal(3), 900, sku="A", department="DAIRY", brand="X"),
    Line(2, Decimal("0.500"), 250, sku="B", department="BAKERY", brand="Y"),
    Line(3, Decimal(1), 5_000, kind="gift_card"),
    Line(4, Decimal(2), 1_001, sku="C", department="DAIRY", brand="Y"),
)


def purchase(lines: tuple[Line, ...] = LINES, **given: Any) -> Purchase:
    """A purchase in euros."""
    total = sum(line.amount_minor for line in lines)
    base = Purchase(
        PurchaseId(new_id()), MemberId(new_id()), StoreId("store-1"), "R1", "store", EVENING, EVENING, "EUR", total, 0,
        0, lines,
    )  # fmt: skip
    return dataclasses.replace(base, **given)


def goal(**values: Any) -> Goal:
    """A goal as the programme file writes it."""
    made: Goal = TypeAdapter(Goal).validate_python(values)
    return made


def counted(asked: Goal, bought: Purchase) -> Counted | None:
    """What it counts for."""
    sale = Sale(bought.store_id, bought.occurred_at, bought.currency, bought.lines, bought.tenders)
    lines = line_bindings(sale, Earner(), ROME, frozenset(LINE_ENVIRONMENT.names))
    return count_purchase(asked, bought, lines, purchase_bindings(sale, Earner(), ROME), "EUR", ROME)


def stands(asked: Goal, bought: Purchase, **returned: str) -> Contribution:
    """What it counts for after so much of some lines came back."""
    first = counted(asked, bought)
    assert first is not None
    back = {int(number[1:]): Decimal(quantity) for number, quantity in returned.items()}
    return standing(first, dataclasses.replace(bought, returned=back))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"type": "purchases"}, Contribution(1)),
        ({"type": "purchases", "minimum_spend": "21.51"}, Contribution(1)),  # the gift card is not spend
        ({"type": "purchases", "minimum_spend": "21.52"}, None),
        ({"type": "purchases", "when": "purchase.channel == 'web'"}, None),
        ({"type": "spend"}, Contribution(2_151)),
        ({"type": "spend", "when": "line.department == 'DAIRY'"}, Contribution(1_901)),
        ({"type": "spend", "when": "line.department == 'FISH'"}, None),
        ({"type": "units", "when": "line.brand == 'Y'"}, Contribution(2_500)),
        ({"type": "distinct", "of": "department"}, Contribution(0, ("DAIRY", "BAKERY"))),
        ({"type": "distinct", "of": "store"}, Contribution(0, ("store-1",))),
        ({"type": "visits"}, Contribution(0, ("2026-05-21",))),
        ({"type": "visits", "purchases": False}, None),
        ({"type": "events", "event": "ride"}, None),
    ],
)
def test_a_purchase_counts_as_declared(asked: dict[str, Any], expected: Contribution | None) -> None:
    """By goal: times, cents, thousandths of a quantity, or different values; the day is the programme's."""
    found = counted(goal(**asked), purchase())
    assert (standing(found, purchase()) if found else None) == expected


def test_money_of_another_currency_is_no_spend() -> None:
    """A target in the home currency cannot be reached with another."""
    assert counted(goal(type="spend"), purchase(currency="USD")) is None
    assert counted(goal(type="purchases"), purchase(currency="USD")) is not None


def test_returns_lower_what_counts_exactly() -> None:
    """A third of a line takes a third of its cents; a line that is gone takes its department with it."""
    spend, departments = goal(type="spend"), goal(type="distinct", of="department")
    assert stands(spend, purchase(), l1="1").amount == 2_151 - 300
    assert stands(spend, purchase(), l1="3", l2="0.5", l4="2").amount == 0
    assert stands(departments, purchase(), l1="3").values == ("BAKERY", "DAIRY")  # line 4 is dairy too
    assert stands(departments, purchase(), l1="3", l4="2").values == ("BAKERY",)


def test_a_purchase_counts_while_something_of_it_stays_above_the_minimum() -> None:
    """Below the minimum it no longer counts; nor when all of it came back."""
    minimum = goal(type="purchases", minimum_spend=20)
    assert stands(minimum, purchase(), l2="0.2").amount == 1
    assert stands(minimum, purchase(), l2="0.5").amount == 0
    plain = goal(type="purchases")
    assert stands(plain, purchase(), l1="3", l2="0.5", l3="1").amount == 1
    assert stands(plain, purchase(), l1="3", l2="0.5", l3="1", l4="2").amount == 0


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_returning_in_parts_ends_where_returning_at_once_does(parts: list[int]) -> None:
    """What stands depends on what is back in all, never on how it came back."""
    back = min(3, sum(parts))
    spend = goal(type="spend")
    assert stands(spend, purchase(), l1=str(back)) == stands(spend, purchase(), l1=f"{back}.000")
    assert stands(spend, purchase(), l1=str(back)).amount == 2_151 - 300 * back


def test_events_count_when_their_condition_holds() -> None:
    """Rides over an hour; kilometres to the metre; a check-in as a visit."""
    event = ActivityEvent(
        ActivityEventId(new_id()), MemberId(new_id()), "ride", EVENING, EVENING, None, {"minutes": 61, "km": 12.3456}
    )
    bindings = event_bindings(Occasion("ride", EVENING, properties=event.properties), Earner(), ROME)

    def stands_for(**asked: Any) -> Contribution | None:
        found = count_event(goal(**asked), event, bindings, ROME)
        return standing(found, None) if found else None

    assert stands_for(type="events", event="ride", when="event.properties.minutes > 60") == Contribution(1)
    assert stands_for(type="events", event="ride", when="event.properties.minutes > 61") is None
    assert stands_for(type="events", event="walk") is None
    assert stands_for(type="event_total", event="ride", amount="event.properties.km") == Contribution(12_345)
    assert stands_for(type="event_total", event="ride", amount="event.properties.miles") is None
    assert stands_for(type="visits", events=["ride"]) == Contribution(0, ("2026-05-21",))


def test_what_was_counted_survives_being_stored() -> None:
    """Through JSON and back it is the same."""
    found = counted(goal(type="distinct", of="brand"), purchase())
    assert found is not None
    assert Counted.of(found.as_json()) == found
