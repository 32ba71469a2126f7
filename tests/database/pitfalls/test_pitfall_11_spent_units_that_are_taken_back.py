"""Pitfall 11: a return takes back units that are spent: forgiven, owed, or only what is pending, as declared."""

from decimal import Decimal

import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.types import Return
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.domains.ledger.types import Burn
from fedele.kernel.money import CurrencyKey
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points, debt: MODE}]
earning:
  rules: [{key: base, type: purchase_multiplier, name: Base, currency: points, pending_days: PENDING}]
"""


@pytest.mark.parametrize(
    ("mode", "pending_days", "spent", "after_return", "after_next"),
    [
        # 100 earned, 70 of them spent, all returned; then 50 more are earned.
        ("clamp", 0, 70, (0, 0, 0), (50, 0, 0)),
        ("debt", 0, 70, (0, 0, 70), (0, 0, 20)),
        ("debt", 0, 0, (0, 0, 0), (50, 0, 0)),
        ("pending", 0, 70, (30, 0, 0), (80, 0, 0)),
        ("pending", 14, 0, (0, 0, 0), (0, 50, 0)),
    ],
)
async def test_a_return_takes_spent_units_as_declared(
    database: Database,
    mode: str,
    pending_days: int,
    spent: int,
    after_return: tuple[int, int, int],
    after_next: tuple[int, int, int],
) -> None:
    """(available, pending, owed) after the return, and after the next purchase: a debt is netted, a gift is not."""
    till = await open_till(database, PROGRAMME.replace("MODE", mode).replace("PENDING", str(pending_days)))
    member_id = await enrolled(database)
    sale = basket(line(amount=10_000, quantity=Decimal(4)), member_id=member_id)
    settled = await commands.settle(till, sale, "earn", at())
    if spent:
        burn = Burn(scope="test", key="burn", currency=CurrencyKey("points"), units=spent)
        async with database.transaction() as tx:
            await post(tx, member_id, [burn], at())
    for number in range(4):
        asked = Return(
            store_id=STORE, lines=(ReturnedLine(1, Decimal(1)),), member_id=member_id, purchase_id=settled.purchase_id
        )
        await commands.return_lines(till, asked, f"back{number}", at(hours=1))

    async def standing() -> tuple[int, int, int]:
        (balance,) = (await balances_by_member(database.reader, [member_id], at(hours=3).now))[member_id]
        return balance.available, balance.pending, balance.debt

    assert await standing() == after_return
    await commands.settle(till, basket(line(amount=5_000), member_id=member_id), "next", at(hours=2))
    assert await standing() == after_next
    assert not await verify(database.reader)
