"""What the ledger answers: balances of many, pages, explanations, totals with checkpoints, what is due, events."""

from typing import Any

import pytest

from fedele.db.database import Database, counting
from fedele.domains.ledger import commands, events, jobs, queries
from fedele.domains.ledger.types import DueMember, ExpiringUnits, ProgrammeTotal
from fedele.kernel.clock import Moment
from fedele.kernel.ids import new_id
from fedele.kernel.pages import MalformedCursor, encode_cursor
from tests.factories.ledger import (
    POINTS,
    STARS,
    adjust,
    burn,
    clawback,
    day,
    earn,
    expire,
    hold,
    move_expiry,
    new_member,
    post,
    post_one,
    release,
    restore,
    settle,
)


async def test_balances_of_many_members_cost_one_statement(database: Database) -> None:
    """Any number of members and currencies is one statement; who has nothing has an empty answer."""
    rich, poor, unknown = new_member(), new_member(), new_member()
    await post(database, rich, earn(10), earn(12, currency=STARS), earn(5, activates_at=day(3)), hold(4))
    await post(database, poor, earn(1, expires_at=day(1)))
    with counting() as statements:
        found = await queries.balances_by_member(database.reader, [rich, poor, unknown], day(2))
    assert len(statements) == 1
    points, stars = found[rich]
    assert (points.currency, points.available, points.pending, points.reserved) == (POINTS, 6, 5, 4)
    assert (stars.currency, stars.available) == (STARS, 12)
    assert [(item.available, item.lifetime) for item in found[poor]] == [(0, 1)]
    assert found[unknown] == ()


async def test_the_next_expiries_are_grouped_soonest_first_and_limited(database: Database) -> None:
    """Lots that expire together are one line; as many lines as asked; what never expires is none."""
    member_id = new_member()
    lots = [(1, 9), (2, 5), (3, 9), (4, 7)]
    await post(database, member_id, *(earn(units, expires_at=day(at)) for units, at in lots))
    await post_one(database, member_id, earn(100))
    found = await queries.balances_by_member(database.reader, [member_id], day(0), 2)
    assert found[member_id][0].next_expiries == (ExpiringUnits(2, day(5)), ExpiringUnits(4, day(7)))


async def test_lifetime_counts_what_was_earned_and_kept(database: Database) -> None:
    """Spending does not lower the lifetime figure; a clawback does; pending units are not yet in it."""
    member_id = new_member()
    earned = await post_one(database, member_id, earn(100))
    await post(database, member_id, burn(60), clawback(earned, "debt", 30), earn(7, activates_at=day(9)), adjust(500))
    found = await queries.balances_by_member(database.reader, [member_id], day(0))
    assert found[member_id][0].lifetime == 70


async def test_entries_page_without_loss_newest_first(database: Database) -> None:
    """Pages by cursor hold every entry of the member's own accounts once; a foreign cursor is refused."""
    member_id = new_member()
    for units in range(1, 6):
        await post_one(database, member_id, earn(units, reason={"rule": "base"}), at=units)
    await post_one(database, new_member(), earn(99))
    seen, cursor = [], None
    while True:
        page = await queries.list_entries(database.reader, member_id, 2, cursor, POINTS)
        seen += page.items
        if not page.has_next:
            break
        cursor = page.cursors[-1]
    assert [entry.amount for entry in seen] == [5, 4, 3, 2, 1]
    newest = seen[0]
    assert (newest.kind, newest.balance, newest.reason, newest.occurred_at) == ("earn", 15, {"rule": "base"}, day(5))
    for foreign in ("nonsense", encode_cursor("a", "b"), encode_cursor(1, 2), encode_cursor("a")):
        with pytest.raises(MalformedCursor):
            await queries.list_entries(database.reader, member_id, 2, foreign)
    assert (await queries.list_entries(database.reader, member_id, 2, None, STARS)).items == ()


async def test_a_transaction_tells_why_and_what(database: Database) -> None:
    """From an entry one finds its transaction with reason, version, legs and lots; another member finds nothing."""
    member_id, purchase_id = new_member(), new_id()
    reason = {"rules": ["base", "double-day"]}
    earned = await post_one(
        database, member_id, earn(10, reason=reason, programme_version=3, purchase_id=purchase_id, occurred_at=day(-1))
    )
    burned = await post_one(database, member_id, burn(4))
    found = await queries.find_transaction_of_entry(database.reader, member_id, earned.entries[1].id)
    assert found is not None
    assert (found.id, found.kind, found.reason, found.programme_version) == (earned.transaction_id, "earn", reason, 3)
    assert (found.occurred_at, found.recorded_at, found.purchase_id) == (day(-1), day(0), purchase_id)
    assert [(entry.account, entry.amount) for entry in found.entries] == [("issued", -10), ("available", 10)]
    assert burned.transaction_id is not None
    spent = await queries.find_transaction(database.reader, member_id, burned.transaction_id)
    assert spent is not None
    assert [(use.lot_id, use.kind, use.amount) for use in spent.uses] == [(earned.lots[0].id, "burn", 4)]
    assert await queries.find_transaction(database.reader, new_member(), burned.transaction_id) is None
    assert await queries.transactions_by_purchase(database.reader, member_id, purchase_id) == [
        (earned.transaction_id, "earn", POINTS, 10)
    ]


async def test_programme_totals_are_the_sum_of_lots_with_and_without_a_checkpoint(
    database: Database, admin: Any
) -> None:
    """Totals equal Σ lots to the unit, before a checkpoint, after it, and with entries since."""
    first, second = new_member(), new_member()
    earned = await post_one(database, first, earn(100, expires_at=day(10)))
    await post(database, first, burn(30), clawback(earned, "debt", 5))
    await post_one(database, first, expire(), at=11)
    await post(database, second, earn(50, activates_at=day(3)), adjust(7), hold(2))
    expected = ProgrammeTotal(POINTS, 150, 30, 65, 5, 7, 5, 50, 2, 0, 57)
    assert await queries.programme_totals(database.reader) == [expected]
    lots = await admin.fetchval("SELECT sum(remaining + reserved) FROM lot")
    assert lots == expected.outstanding
    # Fold what is there into a checkpoint, as if an hour had passed, then go on.
    until_id = new_id()
    await admin.execute(
        "INSERT INTO ledger_checkpoint SELECT $1, currency, account, sum(amount) FROM entry GROUP BY 2, 3", until_id
    )
    assert await queries.programme_totals(database.reader) == [expected]
    await post_one(database, second, burn(5))
    (total,) = await queries.programme_totals(database.reader)
    assert (total.redeemed, total.outstanding, total.issued) == (35, 52, 150)


async def test_a_checkpoint_never_stands_where_an_open_transaction_may_still_write(
    database: Database, admin: Any
) -> None:
    """Younger than an hour is refused; an older one folds only what is older, and is idempotent."""
    await post_one(database, new_member(), earn(100))
    with pytest.raises(Exception, match="one hour"):
        await admin.fetchval("SELECT ledger_checkpoint_v1(now() - interval '59 minutes')")
    assert await admin.fetchval("SELECT ledger_checkpoint_v1(now() - interval '2 hours')") == 0
    (total,) = await queries.programme_totals(database.reader)
    assert total.issued == 100


async def test_the_checkpoint_job_changes_no_total(database: Database, admin: Any) -> None:
    """Entries made hours ago are folded once by the job, and the totals are what they were."""
    member_id = new_member()
    await post(database, member_id, earn(100), burn(30))
    before = await queries.programme_totals(database.reader)
    async with admin.transaction():
        await admin.execute("SET LOCAL session_replication_role = replica")
        await admin.execute("UPDATE entry SET id = uuidv7(interval '-3 hours')")
    for _ in range(2):
        await jobs.checkpoint(database).run(Moment(day(0)))
        assert await queries.programme_totals(database.reader) == before
    assert await admin.fetchval("SELECT sum(abs(total)) FROM ledger_checkpoint GROUP BY until_id LIMIT 1") == 200
    await post(database, member_id, earn(1))
    (total,) = await queries.programme_totals(database.reader)
    assert (total.issued, total.outstanding) == (101, 71)


async def test_the_sweep_settles_everything_due(database: Database) -> None:
    """Members with pending lots that are due are listed in order, settled once each, and then nobody is due."""
    members = sorted(new_member() for _ in range(3))
    await post(database, members[0], earn(1, activates_at=day(2)), earn(2, expires_at=day(9)))
    await post(database, members[1], earn(3, activates_at=day(2)), earn(4, currency=STARS, activates_at=day(1)))
    await post(database, members[2], earn(5, activates_at=day(3)))
    due = await queries.list_due(database.reader, day(2), 10)
    assert due == [DueMember(members[0], POINTS), DueMember(members[1], POINTS), DueMember(members[1], STARS)]
    assert await queries.list_due(database.reader, day(2), 1, due[1]) == [due[2]]
    await jobs.settle(database).run(Moment(day(2)))
    assert await queries.list_due(database.reader, day(2), 10) == []
    found = await queries.balances_by_member(database.reader, members, day(2))
    assert [balance.available for member_id in members for balance in found[member_id]] == [3, 3, 4, 0]
    assert await jobs.settle_due(database, Moment(day(2))) == 0


EVENTS = {
    kind.kind: kind
    for kind in (
        events.PointsEarned,
        events.PointsSettled,
        events.PointsBurned,
        events.PointsRestored,
        events.PointsHeld,
        events.PointsClawedBack,
        events.PointsExpired,
        events.PointsAdjusted,
        events.ExpiryMoved,
    )
}


async def test_every_posting_is_announced_once_and_reads_back(database: Database, admin: Any) -> None:
    """Each kind of posting writes one outbox row that its event class reads; a repetition writes none."""
    member_id = new_member()
    operation = earn(100, expires_at=day(30), occurred_at=day(-1), programme_version=4)
    earned = await post_one(database, member_id, operation)
    await post_one(database, member_id, operation)
    burned, held = await post(database, member_id, burn(40), hold(10))
    await post(database, member_id, restore(burned, 5), release(held))
    await post(database, member_id, clawback(earned, "debt"), adjust(-1, mode="debt"))
    await post(database, member_id, earn(90, activates_at=day(2), expires_at=day(9)))
    await post(database, member_id, settle(), move_expiry((earned.lots[0].id, day(31))), at=2)
    await post(database, member_id, expire(), at=9)
    rows = await admin.fetch("SELECT kind, payload FROM outbox ORDER BY id")
    read = [EVENTS[row["kind"]].from_payload(row["payload"]) for row in rows]
    assert {event.kind for event in read} == set(EVENTS)
    first = events.PointsEarned(
        member_id=member_id,
        occurred_at=day(-1),
        currency=POINTS,
        units=100,
        transaction_id=earned.transaction_id,
        spendable=100,
        expiries=(ExpiringUnits(100, day(30)),),
        programme_version=4,
        source="purchase",
    )
    assert read[0] == first
    assert [event.units for event in read if isinstance(event, events.PointsAdjusted)] == [-1]
    pending = [event for event in read if isinstance(event, events.PointsEarned)][1]
    assert (pending.pending, pending.activates_at) == (True, day(2))


async def test_a_quiet_transaction_raises_the_version_and_announces_nothing(database: Database, admin: Any) -> None:
    """Imports post without outbox rows, yet caches keyed by the member's version see the change."""
    member_id = new_member()
    async with database.transaction(quiet=True) as tx:
        await commands.post(tx, member_id, [earn(5)], Moment(day(0)))
    assert await admin.fetchval("SELECT count(*) FROM outbox") == 0
    assert await admin.fetchval("SELECT version FROM member_version WHERE member_id = $1", member_id) == 1


async def test_a_posting_rolls_back_with_its_caller(database: Database, admin: Any) -> None:
    """What the caller undoes leaves neither entries nor announcements."""
    with pytest.raises(RuntimeError):
        async with database.transaction() as tx:
            await commands.post(tx, new_member(), [earn(5)], Moment(day(0)))
            raise RuntimeError("the caller changed its mind")
    for table in ("entry", "lot", "ledger_transaction", "outbox"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0
