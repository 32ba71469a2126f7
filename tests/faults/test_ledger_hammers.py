"""Many clients at once on one balance and on one key: nothing is spent twice, nothing is counted twice.

A short form in every run; the long one (`-m long`): 100 rounds of 40 burns, 60 rounds of 64 earns.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedele.db.database import Database, open_database
from fedele.domains.ledger import commands, errors, queries
from fedele.domains.ledger.types import Operation, Posting
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.ledger import POINTS, burn, clawback, day, earn, expire, hold, new_member, post_one, restore

ROUNDS = 6
LONG_BURNS = pytest.param(100, marks=pytest.mark.long)
LONG_EARNS = pytest.param(60, marks=pytest.mark.long)


@pytest.fixture
async def crowd(database_url: str, admin: Any) -> AsyncIterator[Database]:
    """A pool wide enough that the clients really meet."""
    opened = open_database(database_url, size=40, role="fedele_app")
    yield opened
    await opened.close()


async def attempt(database: Database, member_id: MemberId, operation: Operation) -> Posting | None:
    """Post in a transaction of its own; None when the points do not suffice."""
    try:
        return await post_one(database, member_id, operation)
    except errors.InsufficientPoints:
        return None


@pytest.mark.parametrize("rounds", [ROUNDS, LONG_BURNS])
async def test_concurrent_burns_spend_exactly_what_there_is(crowd: Database, rounds: int) -> None:
    """40 clients burn 10 of 100 at once: exactly 10 succeed, every round, and the versions are one gapless line."""
    for _ in range(rounds):
        member_id = new_member()
        await post_one(crowd, member_id, earn(60))
        await post_one(crowd, member_id, earn(40, expires_at=day(9)))
        postings = await asyncio.gather(*(attempt(crowd, member_id, burn(10)) for _ in range(40)))
        spent = [posting for posting in postings if posting]
        assert len(spent) == 10
        versions = sorted(
            entry.version for posting in spent for entry in posting.entries if entry.account == "available"
        )
        assert versions == list(range(3, 13))
        balances = {entry.version: entry.balance for posting in spent for entry in posting.entries if entry.amount < 0}
        assert [balances[version] for version in versions] == list(range(90, -1, -10))
    assert await queries.verify(crowd.reader) == []


@pytest.mark.parametrize("rounds", [ROUNDS, LONG_EARNS])
async def test_one_key_sent_by_many_earns_once(crowd: Database, admin: Any, rounds: int) -> None:
    """64 clients send the same earn at once: one is applied and all get the same reply."""
    for _ in range(rounds):
        member_id = new_member()
        operation = earn(7, expires_at=day(9))
        postings = await asyncio.gather(*(post_one(crowd, member_id, operation) for _ in range(64)))
        assert len({repr(posting) for posting in postings}) == 1
        found = await queries.balances_by_member(crowd.reader, [member_id], day(0))
        assert found[member_id][0].available == 7
    assert await admin.fetchval("SELECT count(*) FROM ledger_transaction") == rounds
    assert await admin.fetchval("SELECT count(*) FROM outbox") == rounds


async def test_a_refund_sent_by_many_tills_is_paid_once(crowd: Database) -> None:
    """32 different requests give back one burn and claw back one earn: each happens once in sum."""
    member_id = new_member()
    earned = await post_one(crowd, member_id, earn(100))
    burned = await post_one(crowd, member_id, burn(50))

    async def refund(operation: Operation) -> int:
        try:
            return (await post_one(crowd, member_id, operation)).units
        except errors.LedgerExceedsOriginal:
            return 0

    restored = await asyncio.gather(*(refund(restore(burned, 5)) for _ in range(32)))
    assert sum(restored) == 50
    taken = await asyncio.gather(*(refund(clawback(earned, "debt", 10)) for _ in range(32)))
    assert sum(taken) == 100
    found = await queries.balances_by_member(crowd.reader, [member_id], day(0))
    assert (found[member_id][0].available, found[member_id][0].debt) == (0, 0)


async def test_a_storm_of_everything_leaves_sound_books(crowd: Database, admin: Any) -> None:
    """Earns, burns, holds and sweeps of a few members, all at once and in opposite order: no deadlock, sound books."""
    members = [new_member() for _ in range(4)]

    async def client(number: int) -> None:
        order = members if number % 2 else members[::-1]
        for member_id in order:
            for operation in (earn(5, expires_at=day(0.5)), earn(9), burn(6), hold(3)):
                await attempt(crowd, member_id, operation)
            await post_one(crowd, member_id, expire(), at=1)

    await asyncio.gather(*(client(number) for number in range(24)))
    assert await queries.verify(crowd.reader) == []
    (total,) = await queries.programme_totals(crowd.reader)
    assert total.outstanding == await admin.fetchval("SELECT sum(remaining + reserved) FROM lot")
    assert total.issued == 24 * 4 * 14


async def read_check_write(database: Database, member_id: MemberId, units: int) -> bool:
    """The control: what real projects do. Read the balance, look, then write, with no lock and no chain."""
    async with database.transaction() as tx:
        balance: int = await tx.fetch_value("SELECT balance FROM naive WHERE member_id = $1", member_id)
        if balance < units:
            return False
        await asyncio.sleep(0)
        await tx.execute("UPDATE naive SET balance = $2 WHERE member_id = $1", member_id, balance - units)
        return True


async def test_the_hammer_sees_a_read_check_write_overspend(crowd: Database, admin: Any) -> None:
    """The same 40 clients on a balance column overspend it: the hammer would have seen it here."""
    await admin.execute("CREATE TABLE naive (member_id uuid PRIMARY KEY, balance bigint)")
    await admin.execute("GRANT ALL ON naive TO fedele_app")
    try:
        overspent = 0
        for _ in range(ROUNDS):
            member_id = new_member()
            await admin.execute("INSERT INTO naive VALUES ($1, 100)", member_id)
            results = await asyncio.gather(*(read_check_write(crowd, member_id, 10) for _ in range(40)))
            overspent += sum(results) > 10
        assert overspent > 0
    finally:
        await admin.execute("DROP TABLE naive")


async def test_without_the_members_lock_the_chain_still_refuses_a_fork(crowd: Database, admin: Any) -> None:
    """A bug that forgot the lock would lose requests, never books: the unique version refuses the second writer."""
    source = await admin.fetchval("SELECT pg_get_functiondef('member_lock_v1'::regproc)")
    try:
        await admin.execute(
            "CREATE OR REPLACE FUNCTION member_lock_v1(p_member_id uuid) RETURNS bigint "
            "LANGUAGE sql AS 'SELECT 0::bigint'"
        )
        refused = 0
        for _ in range(ROUNDS):
            member_id = new_member()
            await post_one(crowd, member_id, earn(100))
            results = await asyncio.gather(
                *(attempt(crowd, member_id, burn(10)) for _ in range(40)), return_exceptions=True
            )
            refused += sum(isinstance(result, Exception) for result in results)
            assert sum(isinstance(result, Posting) for result in results) <= 10
        assert refused > 0
    finally:
        await admin.execute(source)
    assert await queries.verify(crowd.reader) == []


async def test_operations_of_different_members_do_not_wait_for_each_other(crowd: Database) -> None:
    """While one member's transaction stays open, another member earns: no row is hot."""
    first, second = new_member(), new_member()
    async with crowd.transaction() as tx:
        await commands.post(tx, first, [earn(5)], Moment(day(0)))
        posting = await asyncio.wait_for(post_one(crowd, second, earn(5)), timeout=30)
    assert posting.currency == POINTS
