"""Store credit is a currency whose unit is money: it pays a part, and a refund brings back the exact cents."""

from decimal import Decimal

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine, Tender
from fedele.domains.checkout import commands
from fedele.domains.checkout.types import Return
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member, list_lots, verify
from fedele.kernel.ids import MemberId
from tests.factories.ledger import adjust
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: credit, name: credit, kind: credit, decimals: 2, worth: 1, expiry: {type: rolling, period: {years: 1}}}
earning:
  rules: [{key: back, type: purchase_multiplier, name: Back, currency: credit, amount: 0.03, rounding_point: line}]
"""


async def cents(database: Database, member_id: MemberId) -> int:
    """What can be spent, less what is owed."""
    return sum(
        b.available - b.debt for b in (await balances_by_member(database.reader, [member_id], at(1).now))[member_id]
    )


async def test_credit_pays_a_part_and_a_refund_brings_back_the_exact_cents(database: Database) -> None:
    """12.34 of credit and 19.66 by card for three things of 32.00; they come back one by one, to the cent."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    gift = adjust(1234, currency="credit", actor="staff:anna", reason={"text": "gift card"}, expires_at=at(90).now)
    async with database.transaction() as tx:
        await post(tx, member_id, [gift], at())
    sale = basket(
        line(1, 999), line(2, 1602), line(3, 599), member_id=member_id, confirmation="known",
        tenders=(Tender("points", 1234, "credit"), Tender("card", 1966)),
    )  # fmt: skip
    settled = await commands.settle(till, sale, "k", at())
    assert settled.burned == {"credit": 1234}
    # 3 % of what the card paid of each thing: 6.14, 9.84 and 3.68 bring 0.18, 0.29 and 0.11.
    assert await cents(database, member_id) == 58
    restored = []
    for number in (3, 1, 2):
        asked = Return(
            store_id=STORE, lines=(ReturnedLine(number, Decimal(1)),), member_id=member_id,
            purchase_id=settled.purchase_id,
        )  # fmt: skip
        restored.append((await commands.return_lines(till, asked, f"back{number}", at(hours=1))).restored["credit"])
    assert sum(restored) == 1234
    assert await cents(database, member_id) == 1234
    (lot,) = await list_lots(database.reader, member_id)
    assert lot.expires_at == at(90).now
    assert not await verify(database.reader)
