"""Pitfall 24: erasure that breaks totals. What was issued, spent and owed stays, under a number that is nobody."""

from typing import Any

from fedele.db.database import Database
from fedele.domains.checkout import commands
from fedele.domains.ledger.queries import programme_totals, verify
from fedele.domains.members.commands import erase
from tests.factories.members import enrolled
from tests.factories.till import at, basket, line, open_till, paid_with_points


async def test_forgetting_a_member_leaves_every_total(database: Database, admin: Any) -> None:
    """A member who earned and paid with points is erased: the programme's totals are the same to the unit."""
    till, member_id, other = await open_till(database), await enrolled(database), await enrolled(database)
    for number, shopper in enumerate((member_id, other)):
        await commands.settle(till, basket(line(amount=20_000), member_id=shopper), f"earn{number}", at())
    paying = basket(line(amount=100), member_id=member_id, tenders=paid_with_points(100, 0), confirmation="known")
    await commands.settle(till, paying, "spend", at(hours=1))
    before = await programme_totals(database.reader)
    async with database.transaction() as tx:
        assert await erase(tx, member_id, at(days=1))
    assert await programme_totals(database.reader) == before
    assert sum(total.outstanding for total in before if total.currency == "points") == 300
    assert await admin.fetchval("SELECT count(*) FROM purchase WHERE member_id = $1", member_id) == 2
    assert not await verify(database.reader)
