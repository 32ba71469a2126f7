"""Pots: money is reserved, used, given back; lines are announced once; a new version funds anew."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.budgets import commands
from fedele.domains.budgets.events import BudgetExhausted, BudgetThresholdReached
from fedele.domains.budgets.jobs import tend_pots
from fedele.domains.budgets.queries import figures_of, left_of, verify
from fedele.domains.budgets.types import Pot
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.pots import NOW, pot, reserve, take

MEMBER = MemberId(new_id())


async def figures(database: Database, of: Pot) -> tuple[int, int, int]:
    """What is left, reserved and used; the books must agree."""
    assert await verify(database.reader) == []
    (found,) = await figures_of(database.reader, [of.key])
    return found.left_minor, found.reserved_minor, found.used_minor


async def announced(admin: Any) -> list[tuple[str, int]]:
    """(kind, per cent) of what the outbox holds."""
    rows = await admin.fetch("SELECT kind, payload FROM outbox ORDER BY kind DESC, (payload ->> 'percent')::int")
    return [(row["kind"], row["payload"]["percent"]) for row in rows]


async def test_reserved_money_is_used_for_less_or_lapses(database: Database, admin: Any) -> None:
    """A claim of 3.00 used for 2.20 gives 0.80 back; one that is never used gives all of it back when it lapses."""
    of = pot(1000)
    used, lapsed = await reserve(database, of, 300, MEMBER), await reserve(database, of, 300, MEMBER)
    assert used is not None
    assert await figures(database, of) == (400, 600, 0)
    async with database.transaction() as tx:
        await tx.lock_member(MEMBER)
        await commands.confirm(tx, MEMBER, used, new_id(), NOW, 220)
    assert await figures(database, of) == (480, 300, 220)
    later = Moment(NOW.now + timedelta(hours=2))
    assert await tend_pots(database, later) == 1
    assert await tend_pots(database, later) == 0
    assert await figures(database, of) == (780, 0, 220)
    assert lapsed is not None
    async with database.transaction() as tx:  # too late: it holds nothing any more
        await commands.confirm(tx, MEMBER, lapsed, new_id(), later)
    assert await figures(database, of) == (780, 0, 220)


async def test_the_same_use_takes_once(database: Database, admin: Any) -> None:
    """A retry under the same id, even at once, takes nothing more."""
    of, use = pot(1000), new_id()
    await asyncio.gather(*(take(database, of, 100, MEMBER, use) for _ in range(8)))
    assert await figures(database, of) == (900, 0, 100)


async def test_lines_are_announced_once(database: Database, admin: Any) -> None:
    """At 50 %, at 80 %, and when what is left pays for no further use; each once, even if some comes back meanwhile."""
    of = pot(1000, least=150)
    for _ in range(4):
        await take(database, of, 100, MEMBER)
    assert await announced(admin) == []
    half = await take(database, of, 100, MEMBER)
    assert half is not None
    assert await announced(admin) == [("budgets.threshold_reached", 50)]
    async with database.transaction() as tx:
        await tx.lock_member(MEMBER)
        await commands.release(tx, MEMBER, half, NOW)
    for _ in range(4):
        await take(database, of, 100, MEMBER)
    assert await announced(admin) == [("budgets.threshold_reached", 50), ("budgets.threshold_reached", 80)]
    await take(database, of, 100, MEMBER)  # 1.00 is left, 1.50 would be needed
    rows = await admin.fetch("SELECT kind, payload FROM outbox ORDER BY occurred_at, id")
    events = {BudgetThresholdReached.kind: BudgetThresholdReached, BudgetExhausted.kind: BudgetExhausted}
    read = [events[row["kind"]].from_payload(row["payload"]) for row in rows]
    assert [event.percent for event in read] == [50, 80, 100]
    assert isinstance(read[-1], BudgetExhausted)
    assert (read[-1].pot, read[-1].money_minor, read[-1].left_minor) == (of.key, 1000, 100)
    (found,) = await figures_of(database.reader, [of.key])
    assert found.exhausted


async def test_what_two_at_once_do_not_see_the_clock_announces(database: Database, admin: Any) -> None:
    """Two uses that cross a line together each see the other's half as not taken yet: the next tending tells."""
    of = pot(1700)
    await take(database, of, 300)  # whoever makes a pot is waited for, once
    first, second = MemberId(new_id()), MemberId(new_id())
    async with database.transaction() as one, database.transaction() as two:
        for tx, member in ((one, first), (two, second)):
            await tx.lock_member(member)
        await take_within(one, of, 300, first)
        await take_within(two, of, 300, second)
    assert await announced(admin) == []
    await tend_pots(database, NOW)
    await tend_pots(database, NOW)
    assert await announced(admin) == [("budgets.threshold_reached", 50)]


async def take_within(tx: Any, of: Pot, amount: int, member_id: MemberId) -> None:
    """Take inside a transaction that goes on."""
    from fedele.domains.budgets.types import Take

    await commands.take(tx, member_id, [Take(of, new_id(), amount)], NOW)


async def test_two_takers_do_not_wait_for_each_other(database: Database, admin: Any) -> None:
    """While one sale holds its part of a budget, fifteen others take theirs at once: no row is hot."""
    of = pot(100_000)
    await take(database, of, 100)
    async with database.transaction() as slow:
        member = MemberId(new_id())
        await slow.lock_member(member)
        await take_within(slow, of, 100, member)
        others = asyncio.gather(*(take(database, of, 100) for _ in range(15)))
        assert all(await asyncio.wait_for(others, timeout=20))
    assert await figures(database, of) == (100_000 - 1700, 0, 1700)


@pytest.mark.parametrize(("money", "left", "owed"), [(1500, 900, 0), (700, 100, 0), (400, 0, 200)])
async def test_a_new_version_funds_anew(database: Database, admin: Any, money: int, left: int, owed: int) -> None:
    """More money is there at once; of less, what is left; below what is used, what comes back pays the rest first."""
    of = pot(1000)
    uses = [await take(database, of, 200, MEMBER) for _ in range(3)]
    anew = pot(money, version=2)
    assert await left_of(database.reader, [anew]) == {anew.id: left}  # told before anybody has taken from it
    assert (await take(database, anew, 1, MEMBER) is not None) == (left > 0)
    if owed:
        async with database.transaction() as tx:
            await tx.execute("SELECT budget_fund_v1($1, $2, $3, 1, 2, 1)", of.key, of.period, money)
        assert await admin.fetchval("SELECT owed_minor FROM budget_pot") == owed
        async with database.transaction() as tx:
            await tx.lock_member(MEMBER)
            for use in uses[:2]:
                assert use is not None
                await commands.release(tx, MEMBER, use, NOW)
        assert await figures(database, of) == (200, 0, 200)
        assert await admin.fetchval("SELECT owed_minor FROM budget_pot") == 0
    assert await take(database, of, 1, MEMBER) is not None  # the old version's amount is not declared again
    assert (await figures_of(database.reader, [of.key]))[0].money_minor == money


async def test_months_and_days_have_pots_of_their_own(database: Database, admin: Any) -> None:
    """What one period has spent is not missing in the next."""
    november, december = (pot(100, period=period) for period in ("2026-11", "2026-12"))
    assert await take(database, november, 100) is not None
    assert await take(database, november, 1) is None
    assert await take(database, december, 100) is not None


async def test_what_is_refused_writes_nothing(database: Database, admin: Any) -> None:
    """A take that does not fit leaves no use, no pot and no word in the outbox."""
    assert await take(database, pot(100), 101, MEMBER) is None
    for table in ("budget_use", "budget_pot", "budget_slice", "outbox"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0
