"""Pitfall 3: expiry chosen by a label, so that lots under another label live for ever."""

import pytest

from fedele.db.database import Database
from fedele.domains.ledger.commands import expire
from fedele.domains.ledger.queries import balances_by_member, list_lots
from fedele.kernel.clock import Moment
from tests.factories.ledger import POINTS, adjust, day, earn, new_member, post_one


@pytest.mark.parametrize(
    "source", ["purchase", "event", "import", "challenge", "a word nobody thought of", "adjustment"]
)
async def test_every_lot_expires_whatever_its_source(database: Database, source: str) -> None:
    """Units of any origin end at their end: not spendable from that instant, gone with the next sweep."""
    member_id = new_member()
    if source == "adjustment":
        operation = adjust(10, actor="staff:anna", reason={"text": "gift"}, expires_at=day(3))
    else:
        operation = earn(10, expires_at=day(3))
        object.__setattr__(operation, "source", source)
    await post_one(database, member_id, operation, at=0)
    (balance,) = (await balances_by_member(database.reader, [member_id], day(3)))[member_id]
    assert balance.available == 0
    async with database.transaction() as tx:
        assert (await expire(tx, member_id, POINTS, Moment(day(3)))).units == 10
    assert [lot.remaining for lot in await list_lots(database.reader, member_id)] == []
