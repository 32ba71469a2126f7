"""Pots for tests: money that several members reach for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.budgets import commands
from fedele.domains.budgets.errors import BudgetExhausted
from fedele.domains.budgets.types import Pot, Take
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

NOW = Moment(datetime(2026, 11, 22, 10, 0, tzinfo=UTC))


def pot(money: int, *, key: str = "offer:summer", version: int = 1, least: int = 1, period: str = "total") -> Pot:
    """A pot of so many cents."""
    return Pot(key, period, money, version, least)


async def take(
    database: Database,
    of: Pot,
    amount: int,
    member_id: MemberId | None = None,
    use_id: UUID | None = None,
    **given: Any,
) -> UUID | None:
    """Take in a transaction of its own; None when too little is left."""
    member, use = member_id or MemberId(new_id()), use_id or new_id()
    try:
        async with database.transaction() as tx:
            await tx.lock_member(member)
            await commands.take(tx, member, [Take(of, use, amount, **given)], NOW)
    except BudgetExhausted:
        return None
    return use


async def reserve(database: Database, of: Pot, amount: int, member_id: MemberId, hours: float = 1) -> UUID | None:
    """Reserve for so many hours."""
    return await take(database, of, amount, member_id, until=NOW.now + timedelta(hours=hours))
