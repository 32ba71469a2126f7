"""What a member who cancels gets back: the stated formula, to the minor unit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.memberships.config import Membership
from fedele.domains.memberships.refunds import refund_of, unused_days
from fedele.domains.memberships.types import Term, TermId
from fedele.kernel.ids import new_id

ZONE = "America/New_York"
STARTS = datetime(2026, 1, 31, 15, tzinfo=UTC)


def sold(refund: str) -> Membership:
    """A membership with this rule for refunds."""
    plans = [{"key": "yearly", "price": "139.00", "period": {"years": 1}}]
    return Membership.model_validate({"key": "prime", "name": "Prime", "plans": plans, "refund": refund})


def a_year(**changes: Any) -> Term:
    """A paid year of 365 days that began on 31 January 2026."""
    ends_at = datetime(2027, 1, 31, 15, tzinfo=UTC)
    given: dict[str, Any] = {
        "id": TermId(new_id()), "membership": "prime", "plan": "yearly", "kind": "paid", "state": "running",
        "starts_at": STARTS, "ends_at": ends_at, "covered_until": ends_at, "price_minor": 13_900, "currency": "USD",
    }  # fmt: skip
    return Term(**(given | changes))


def test_an_unused_term_goes_back_whole() -> None:
    """139.00 after a hundred days, as long as nothing was used."""
    at = STARTS + timedelta(days=100)
    assert refund_of(sold("full_if_unused"), a_year(), at, ZONE) == 13_900
    assert refund_of(sold("full_if_unused"), a_year(used_at=STARTS), at, ZONE) == 0


@pytest.mark.parametrize(("days", "refund"), [(0, 13_861), (1, 13_823), (100, 10_053), (363, 38), (364, 0)])
def test_the_unused_part_is_price_times_days_left_rounded_down(days: int, refund: int) -> None:
    """On the day of joining 364 of 365 days are left: 139.00 × 364 / 365 = 138.619… → 138.61."""
    assert refund_of(sold("unused_term"), a_year(), STARTS + timedelta(days=days), ZONE) == refund


def test_what_was_given_back_before_is_not_given_twice() -> None:
    """After 100.00 by hand, 0.53 of 100.53 is left to give."""
    term = a_year(refunded_minor=10_000)
    assert refund_of(sold("unused_term"), term, STARTS + timedelta(days=100), ZONE) == 53
    assert refund_of(sold("unused_term"), a_year(refunded_minor=13_000), STARTS + timedelta(days=100), ZONE) == 0


@pytest.mark.parametrize("rule", ["none", "full_if_unused", "unused_term"])
def test_a_term_charged_ahead_goes_back_whole(rule: str) -> None:
    """A day before it begins, nobody has had anything of it."""
    assert refund_of(sold(rule), a_year(), STARTS - timedelta(days=1), ZONE) == 13_900


@pytest.mark.parametrize("changes", [{"kind": "trial", "price_minor": 0}, {"state": "failed"}, {"state": "refunded"}])
def test_nothing_goes_back_where_nothing_was_paid(changes: dict[str, Any]) -> None:
    """A trial, a failed charge, a term that went back already."""
    assert refund_of(sold("unused_term"), a_year(**changes), STARTS + timedelta(days=3), ZONE) == 0


def test_a_lifetime_has_no_unused_days() -> None:
    """What never ends is never partly unused; whole it goes back only where the programme says so."""
    forever = a_year(kind="lifetime", ends_at=None, covered_until=None)
    assert refund_of(sold("unused_term"), forever, STARTS + timedelta(days=3), ZONE) == 0
    assert refund_of(sold("full_if_unused"), forever, STARTS + timedelta(days=3), ZONE) == 13_900


@given(hours=st.integers(0, 365 * 24 - 1), price=st.integers(0, 10**9))
def test_a_refund_is_never_more_than_was_paid_and_never_grows(hours: int, price: int) -> None:
    """At any hour of the term; an hour later it is the same or less."""
    term, rule = a_year(price_minor=price), sold("unused_term")
    now = refund_of(rule, term, STARTS + timedelta(hours=hours), ZONE)
    assert 0 <= now <= price
    assert refund_of(rule, term, STARTS + timedelta(hours=hours + 1), ZONE) <= now
    left, days = unused_days(term, STARTS + timedelta(hours=hours), ZONE)
    assert now == price * left // days
