"""Which purchase of a friend counts, and when it counts as kept."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from fedele.domains.activity.types import Line, Purchase, PurchaseId
from fedele.domains.referrals.settling import due_at, first_that_counts, net_minor
from fedele.kernel.ids import MemberId, StoreId, new_id
from tests.factories.programme import make_programme

AT = datetime(2026, 3, 20, 22, 30, tzinfo=UTC)  # 23:30 in Rome, nine days before the clocks change
TEXT = """
format: 1
programme: {key: small, name: Small, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points}]
earning: {pending_days: 3}
referral: {friend: {units: {currency: points, amount: 1}}, minimum_spend: 20}
"""


def purchase(*lines: Line, **given: Any) -> Purchase:
    """A purchase in euros."""
    made = Purchase(
        PurchaseId(new_id()), MemberId(new_id()), StoreId("s"), "R", "store", AT, AT, "EUR", 0, 0, 0,
        lines or (Line(1, Decimal(1), 2_000),),
    )  # fmt: skip
    return dataclasses.replace(made, **given)


def test_the_first_that_reaches_the_minimum_counts() -> None:
    """In the order of the sales, whatever order they are told in; others' money and empty receipts are passed over."""
    small = purchase(Line(1, Decimal(1), 1_999), occurred_at=AT.replace(day=1))
    foreign = purchase(currency="USD", occurred_at=AT.replace(day=2))
    first, second = purchase(occurred_at=AT.replace(day=3)), purchase(occurred_at=AT.replace(day=4))
    programme = make_programme(TEXT)
    assert first_that_counts([second, foreign, first, small], programme) is first
    assert first_that_counts([small, foreign], programme) is None
    assert first_that_counts([], programme) is None
    free = make_programme(TEXT.replace("minimum_spend: 20", "minimum_spend: 0"))
    assert first_that_counts([purchase(Line(1, Decimal(1), 0))], free) is None


def test_gift_cards_and_delivery_are_not_spend() -> None:
    """Nor is what came back; half of a line is half of its cents."""
    bought = purchase(
        Line(1, Decimal(2), 1_001),
        Line(2, Decimal(1), 5_000, kind="gift_card"),
        Line(3, Decimal(1), 499, kind="delivery"),
    )
    assert net_minor(bought) == 1_001
    assert net_minor(dataclasses.replace(bought, returned={1: Decimal(1)})) == 501
    assert net_minor(dataclasses.replace(bought, returned={1: Decimal(2)})) == 0


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("settles_after_days: 0", AT),
        ("settles_after_days: 1", datetime(2026, 3, 20, 23, 0, tzinfo=UTC)),  # the next midnight in Rome
        ("settles_after_days: 14", datetime(2026, 4, 2, 22, 0, tzinfo=UTC)),  # over the change to summer time
        ("joined_days_max: 5", datetime(2026, 3, 22, 23, 0, tzinfo=UTC)),  # unset: earning.pending_days
    ],
)
def test_it_counts_as_kept_from_a_midnight_of_the_programme(days: str, expected: datetime) -> None:
    """As pending units do: whole local days, also over a change of the clocks."""
    programme = make_programme(TEXT.replace("minimum_spend: 20", f"minimum_spend: 20, {days}"))
    assert due_at(purchase(), programme) == expected
