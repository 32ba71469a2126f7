"""Pitfall 1: read-check-write balances. Twenty at once from a hundred points once credited two thousand."""

import asyncio

from fedele.db.database import Database
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.domains.ledger.types import Operation
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.ledger import START, adjust, burn, new_member

NOW = Moment(START)


async def one(database: Database, member_id: MemberId, operation: Operation) -> None:
    """One operation in a transaction of its own."""
    async with database.transaction() as tx:
        await post(tx, member_id, [operation], NOW)


async def available(database: Database, member_id: MemberId) -> int:
    """What can be spent."""
    return sum(b.available for b in (await balances_by_member(database.reader, [member_id], START))[member_id])


async def test_twenty_gifts_at_once_add_up(database: Database) -> None:
    """Twenty gifts of five points to one member, all at the same moment, are a hundred points."""
    member_id = new_member()
    gifts = [adjust(5, actor="staff:anna", reason={"text": "gift"}) for _ in range(20)]
    await asyncio.gather(*(one(database, member_id, gift) for gift in gifts))
    assert await available(database, member_id) == 100


async def test_twenty_presents_of_all_one_has_are_one(database: Database) -> None:
    """Twenty attempts to give a hundred points away, from a hundred: one succeeds, and nobody owes anything."""
    member_id = new_member()
    await one(database, member_id, adjust(100, actor="staff:anna", reason={"text": "start"}))
    tries = [one(database, member_id, burn(100)) for _ in range(20)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, InsufficientPoints) for answer in answers) == 19
    assert await available(database, member_id) == 0
    assert not await verify(database.reader)
