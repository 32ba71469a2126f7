"""Pitfall 4: floats, and rounding at whatever point. Here units are scaled integers and each rule states its point."""

from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.types import Return
from fedele.domains.ledger.queries import balances_by_member
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till

PROGRAMME = """
format: 1
programme: {key: stars, name: Stars, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: stars, name: stars, decimals: 1}]
earning:
  rules:
    - {key: star, type: purchase_multiplier, name: Star, currency: stars, amount: 1.2, rounding_point: POINT}
"""
# Three purchases of two lines at 0.49 at 1.2 stars a euro: a line is worth 0.588, an order 1.176, all of them 3.528.
AMOUNTS = (49, 49)


async def stars(database: Database, admin: Any, point: str) -> tuple[Any, Any, list[Any], int]:
    """Three purchases under this rounding point; the till, the member, the sales and the stars in tenths."""
    till = await open_till(database, PROGRAMME.replace("POINT", point))
    member_id = await enrolled(database)
    sold = [
        await commands.settle(
            till, basket(*(line(n, a) for n, a in enumerate(AMOUNTS, 1)), member_id=member_id), f"k{n}", at(hours=n)
        )
        for n in range(3)
    ]
    return till, member_id, sold, await balance(database, member_id)


async def balance(database: Database, member_id: Any) -> int:
    """What is there, pending and debt included."""
    found = (await balances_by_member(database.reader, [member_id], at(1).now))[member_id]
    return sum(b.available + b.pending - b.debt for b in found)


@pytest.mark.parametrize(("point", "tenths"), [("line", 30), ("order", 33), ("balance", 35)])
async def test_rounding_happens_once_at_the_stated_point(
    database: Database, admin: Any, point: str, tenths: int
) -> None:
    """0.5 a line, 1.1 an order, or nothing lost over all of them but what is below a tenth: as the rule says."""
    assert (await stars(database, admin, point))[-1] == tenths


@pytest.mark.parametrize("point", ["line", "order", "balance"])
async def test_what_was_rounded_comes_back_to_the_unit(database: Database, admin: Any, point: str) -> None:
    """All lines returned one by one, in another order than they were bought: nothing is left, and nothing is owed."""
    till, member_id, sold, _ = await stars(database, admin, point)
    for number, settled in [(2, sold[1]), (1, sold[2]), (1, sold[0]), (2, sold[2]), (1, sold[1]), (2, sold[0])]:
        asked = Return(
            store_id=STORE, lines=(ReturnedLine(number, Decimal(1)),), member_id=member_id,
            purchase_id=settled.purchase_id,
        )  # fmt: skip
        await commands.return_lines(till, asked, f"{settled.purchase_id}{number}", at(hours=5))
    assert await balance(database, member_id) == 0
    assert await admin.fetchval("SELECT coalesce(sum(units), 0) FROM rule_usage WHERE period = 'carry'") == 0


async def test_what_is_carried_is_never_worth_a_second_unit(database: Database, admin: Any) -> None:
    """Buying 0.04 of a star and returning it ten times earns nothing in the end: what is carried goes back as well."""
    till = await open_till(database, PROGRAMME.replace("POINT", "balance"))
    member_id = await enrolled(database)
    for n in range(10):
        settled = await commands.settle(till, basket(line(amount=4), member_id=member_id), f"buy{n}", at(hours=n))
        asked = Return(
            store_id=STORE, lines=(ReturnedLine(1, Decimal(1)),), member_id=member_id, purchase_id=settled.purchase_id
        )
        await commands.return_lines(till, asked, f"back{n}", at(hours=n))
    assert await balance(database, member_id) == 0
    assert await admin.fetchval("SELECT sum(units) FROM rule_usage WHERE period = 'carry'") == 0
