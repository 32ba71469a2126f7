"""Which part of a condition stopped a rule is told with the value it saw, and not a part that only might have."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fedele.domains.activity.types import Line, Purchase, PurchaseId
from fedele.domains.earning.types import RuleTrace
from fedele.domains.explaining.diagnosis import why_not
from fedele.kernel.ids import MemberId, StoreId, new_id

AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def receipt(*departments: str) -> Purchase:
    """A receipt with one line of each department."""
    lines = tuple(Line(number, Decimal(1), 500, department=name) for number, name in enumerate(departments, 1))
    return Purchase(
        id=PurchaseId(new_id()), member_id=MemberId(new_id()), store_id=StoreId("store-1"), receipt="R1",
        channel="store", occurred_at=AT, recorded_at=AT, currency="EUR", total_minor=500 * len(lines), tax_minor=0,
        discount_minor=0, lines=lines,
    )  # fmt: skip


def stopped(condition: str, **values: Any) -> RuleTrace:
    """A rule whose condition was not true, as the decision keeps it."""
    kept = {name.replace("__", "."): value for name, value in values.items()}
    return RuleTrace("r", "condition", 0, "points", {"condition": condition, "values": kept})


def test_the_conjunct_that_fails_is_told_with_its_value() -> None:
    """The department is right on line 2 and the tier is not: the tier is what stopped it, on that line."""
    condition = "line.department == 'PRODUCE' && member.tier == 'gold'"
    told = why_not(stopped(condition, member__tier="blue"), receipt("DELI", "PRODUCE"), "Europe/Rome")
    assert told is not None
    assert (told.part, dict(told.values), told.lines) == ("member.tier == 'gold'", {"member.tier": "blue"}, (2,))


def test_where_every_line_fails_early_they_are_told_together() -> None:
    """No line of the department: that is what stopped it, on all of them, with what the first one was."""
    condition = "line.department == 'PRODUCE' && member.tier == 'gold'"
    told = why_not(stopped(condition, member__tier="blue"), receipt("DELI", "BAKERY"), "Europe/Rome")
    assert told is not None
    assert (told.part, dict(told.values)) == ("line.department == 'PRODUCE'", {"line.department": "DELI"})
    assert told.lines == (1, 2)


def test_the_clock_is_the_purchases_own() -> None:
    """08:30 UTC is 09:30 in Rome: too late for a rule that ends at nine there."""
    told = why_not(stopped("now.time < '09:00'", now__time="09:30"), receipt("DELI"), "Europe/Rome")
    assert told is not None
    assert dict(told.values) == {"now.time": "09:30"}


def test_a_part_that_cannot_be_judged_gives_way_to_one_that_is_false() -> None:
    """A birthday is not kept with the decision; the tier was wrong for certain, and one false part is enough."""
    condition = "member.birth_month == now.month && member.tier == 'gold'"
    told = why_not(stopped(condition, member__tier="blue"), receipt("DELI"), "Europe/Rome")
    assert told is not None
    assert (told.part, told.unknown) == ("member.tier == 'gold'", False)


def test_what_cannot_be_judged_is_said_to_be_unknown() -> None:
    """Only personal facts decided, and these are not kept: nothing is made up."""
    told = why_not(stopped("member.birth_month == 5"), receipt("DELI"), "Europe/Rome")
    assert told is not None
    assert (told.part, told.unknown) == ("member.birth_month == 5", True)


def test_an_event_is_judged_by_what_was_kept_of_it() -> None:
    """A ride of 45 minutes where 60 are asked; instants that were kept as text are instants again."""
    condition = "event.properties.minutes > 60 && member.joined_at < now"
    values = {"event.properties": {"minutes": 45}, "member.joined_at": AT.isoformat(), "now": AT.isoformat()}
    trace = RuleTrace("r", "condition", 0, "points", {"condition": condition, "values": values})
    told = why_not(trace, None, "Europe/Rome")
    assert told is not None
    assert told.part == "event.properties.minutes > 60"


def test_what_was_no_condition_has_no_failed_part() -> None:
    """A cap, a minimum spend, an amount that could not be computed: other words say these."""
    for details in ({}, {"minimum_spend": "20", "spent": "3"}, {"condition": "event.properties.minutes * 2"}):
        assert why_not(RuleTrace("r", "condition", 0, "points", details), None, "Europe/Rome") is None
    assert why_not(RuleTrace("r", "cap_reached", 0, "points", {}), receipt("DELI"), "Europe/Rome") is None
