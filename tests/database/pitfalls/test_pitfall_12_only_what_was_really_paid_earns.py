"""Pitfall 12: earning on tax, gift cards, delivery, the part paid in points, or what a reward gave for nothing."""

from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import Line
from fedele.domains.checkout import commands
from tests.factories.members import enrolled
from tests.factories.till import at, basket, line, open_till, paid_with_points

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points, worth: 0.01}, {key: stamps, name: stamps, kind: stamps}]
earning:
  rules:
    - {key: cent, type: purchase_multiplier, name: Cent, currency: points, per: 0.01}
    - {key: stamp, type: purchase_fixed, name: Stamp, currency: stamps, for: unit, when: "line.category == 'DRINK'"}
    - {key: kilo, type: purchase_fixed, name: Kilo, currency: stamps, for: unit, when: "line.category == 'FRUIT'"}
    - {key: shelf, type: purchase_fixed, name: Shelf, currency: stamps, for: line, amount: 10,
       when: "line.category == 'BOOK'"}
    - {key: visit, type: purchase_fixed, name: Visit, currency: stamps, amount: 100, minimum_spend: 50,
       windows: [{days: [wed], opens: '11:30', closes: '12:30'}], times_max: 1}
"""
DRINK = {"category": "DRINK"}


@pytest.mark.parametrize(
    ("lines", "points_paid", "earned"),
    [
        ([line(1, 1000, tax_minor=180)], 0, {"cent": 820}),
        ([line(1, 1000), line(2, 5000, kind="gift_card"), line(3, 490, kind="delivery")], 0, {"cent": 1000}),
        ([line(1, 1000), line(2, 333)], 500, {"cent": 833}),
        ([line(1, 1000)], 1000, {}),
        ([line(1, 1050, quantity=Decimal(3), **DRINK)], 0, {"cent": 1050, "stamp": 3}),
        # The free drink: a reward or a discount has paid it, so it earns nothing; so do drinks that points pay for.
        ([line(1, 700, quantity=Decimal(2), **DRINK), line(2, 0, discount_minor=350, **DRINK)], 0,
         {"cent": 700, "stamp": 2}),
        ([line(1, 350, **DRINK)], 350, {}),
        ([line(1, 799, quantity=Decimal("1.75"), category="FRUIT")], 0, {"cent": 799, "kilo": 1}),
        ([line(1, 2000, quantity=Decimal(3), category="BOOK"), line(2, 900, category="BOOK")], 0,
         {"cent": 2900, "shelf": 20}),
        ([line(1, 3000), line(2, 2000)], 0, {"cent": 5000, "visit": 100}),
        ([line(1, 4999)], 0, {"cent": 4999}),
    ],
)  # fmt: skip
async def test_only_what_was_really_paid_earns(
    database: Database, admin: Any, lines: list[Line], points_paid: int, earned: dict[str, int]
) -> None:
    """Every cent is counted once or not at all, and a stamp is for a drink that somebody paid."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    await commands.settle(till, basket(line(amount=1000), member_id=member_id), "fund", at(days=-1))
    tenders = paid_with_points(points_paid, sum(item.amount_minor for item in lines) - points_paid)
    sale = basket(*lines, member_id=member_id, tenders=tenders if points_paid else (), confirmation="known")
    settled = await commands.settle(till, sale, "k", at())
    assert {award.rule: award.units for award in settled.awards} == earned


async def test_a_rule_of_hours_and_times_holds_no_longer(database: Database) -> None:
    """At 13:00 its window is over; on the next Wednesday it has been had."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    given = []
    for days, hours in ((0, 0), (0, 1), (7, 0)):
        sale = basket(line(amount=6000), member_id=member_id)
        settled = await commands.settle(till, sale, sale.receipt, at(days, hours))
        given.append("visit" in {award.rule for award in settled.awards})
    assert given == [True, False, False]
