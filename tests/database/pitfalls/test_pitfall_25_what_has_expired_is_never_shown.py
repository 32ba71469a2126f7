"""Pitfall 25: only the next expiry shown; units that have expired, but are not swept yet, spendable or displayed."""

from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands, queries
from fedele.domains.checkout.types import Return
from fedele.domains.ledger.commands import expire, post
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.ledger.types import Hold, Operation
from fedele.kernel.money import CurrencyKey
from tests.factories.ledger import adjust, burn
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till, paid_with_points

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points, worth: 0.01, expiry: {type: rolling, period: {days: 10}}}]
earning:
  rules: [{key: base, type: purchase_multiplier, name: Base, currency: points}]
"""
POINTS = CurrencyKey("points")


async def test_every_coming_end_is_told(database: Database) -> None:
    """Three lots of three days: three ends with their units, the soonest first, as many as are asked for."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    for day in (2, 0, 1):
        await commands.settle(till, basket(line(amount=1000 * (day + 1)), member_id=member_id), f"k{day}", at(day))
    (balance,) = (await balances_by_member(database.reader, [member_id], at(3).now, 10))[member_id]
    assert [(ending.units, (ending.expires_at - at().now).days) for ending in balance.next_expiries] == [
        (10, 10),
        (20, 11),
        (30, 12),
    ]


@pytest.mark.parametrize("swept", [False, True])
async def test_what_has_expired_is_neither_shown_nor_spent(database: Database, admin: Any, swept: bool) -> None:
    """From its last midnight on it is gone: for balances, tills, payments, burns, holds, returns; swept or not."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    settled = await commands.settle(till, basket(line(amount=20_000), member_id=member_id), "k", at())
    later = at(days=11)
    if swept:
        async with database.transaction() as tx:
            assert (await expire(tx, member_id, POINTS, later)).units == 200
    (balance,) = (await balances_by_member(database.reader, [member_id], later.now))[member_id]
    assert (balance.available, balance.next_expiries) == (0, ())
    paying = basket(line(amount=100), member_id=member_id, tenders=paid_with_points(1, 99), confirmation="known")
    with pytest.raises(InsufficientPoints):
        await commands.settle(till, paying, "pay", later)
    operations: list[Operation] = [burn(1), adjust(-1, actor="staff:anna", reason={"text": "test"})]
    operations.append(Hold(scope="test", key="hold", currency=POINTS, units=1))
    for operation in operations:
        with pytest.raises(InsufficientPoints):
            async with database.transaction() as tx:
                await post(tx, member_id, [operation], later)
    assert await admin.fetchval("SELECT count(*) FROM ledger_transaction WHERE kind NOT IN ('earn', 'expire')") == 0
    # A return takes what is gone from what is gone: it costs the member nothing again.
    asked = Return(
        store_id=STORE, lines=(ReturnedLine(1, Decimal(1)),), member_id=member_id, purchase_id=settled.purchase_id
    )
    await commands.return_lines(till, asked, "back", later)
    (balance,) = (await balances_by_member(database.reader, [member_id], later.now))[member_id]
    assert (balance.available, balance.debt) == (0, 0)


async def test_the_till_is_shown_what_can_be_spent(database: Database) -> None:
    """A scan after the last midnight offers nothing of it."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    await commands.settle(till, basket(line(amount=20_000), member_id=member_id), "k", at())
    quote = await queries.quote(till, basket(line(amount=100), member_id=member_id), at(days=11))
    assert quote.evaluation.units("points") == 1
    found = await balances_by_member(database.reader, [member_id], at(days=11).now)
    assert [balance.available for balance in found[member_id]] == [0]
