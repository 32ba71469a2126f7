"""Members enter and leave by what they do and by time; each change once, announced once a window, whoever looks."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.checkout import commands as checkout
from fedele.domains.members.commands import erase
from fedele.domains.segments import commands, queries
from fedele.domains.segments.errors import SegmentIsCondition, SegmentIsList
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound
from tests.factories.members import enrolled
from tests.factories.segments import SEGMENTS, Neighbourhood, neighbourhood
from tests.factories.till import NOON, basket


@pytest.fixture
async def street(database: Database) -> Neighbourhood:
    """Segments that were looked at once, with nobody in them."""
    made = await neighbourhood(database)
    await made.refreshes()
    return made


async def test_a_sale_puts_a_member_into_a_segment_at_once(street: Neighbourhood) -> None:
    """No job looks at everybody: the event that changed the fact moves the member, and it is announced."""
    member_id = await enrolled(street.database)
    await street.sells(member_id, "one")
    assert await street.segments_of(member_id) == []
    assert street.told == []
    await street.sells(member_id, "two")
    assert await street.segments_of(member_id) == ["regulars"]
    assert street.told == [("entered", "regulars", member_id)]


async def test_time_alone_moves_members(street: Neighbourhood) -> None:
    """Purchases leave their window, days since the last one pass thirty: nobody does anything, the job notices."""
    member_id = await enrolled(street.database)
    await street.sells(member_id, "one")
    await street.sells(member_id, "two")
    await street.refreshes(days=29)
    assert await street.segments_of(member_id) == ["regulars"]
    await street.refreshes(days=2)
    assert await street.segments_of(member_id) == ["lapsed"]
    assert street.told[1:] == [("left", "regulars", member_id), ("entered", "lapsed", member_id)]


async def test_who_flaps_is_announced_once_a_window(street: Neighbourhood) -> None:
    """Out and in again within seven days says nothing; after them it does. Membership itself follows every time."""
    text = SEGMENTS + "  - {key: savers, name: Savers, when: member.balances.points >= 100.0, window_days: 7}"
    await street.changes_to(text)
    await street.refreshes()
    member_id = await enrolled(street.database)
    await street.adjusts(member_id, 100)
    for _ in range(3):
        await street.adjusts(member_id, -50)
        assert await street.segments_of(member_id) == []
        await street.adjusts(member_id, 50)
        assert await street.segments_of(member_id) == ["savers"]
        street.now += timedelta(hours=2)
    assert street.told == [("entered", "savers", member_id), ("left", "savers", member_id)]
    street.now += timedelta(days=7)
    await street.adjusts(member_id, -50)
    await street.adjusts(member_id, 50)
    assert street.told[2:] == [("left", "savers", member_id), ("entered", "savers", member_id)]
    stint = (await queries.list_stints(street.database.reader, member_id))[0]
    assert (stint.segment, stint.entries_count, stint.left_at) == ("savers", 5, None)


async def test_a_new_segment_fills_quietly_unless_it_says_otherwise(street: Neighbourhood) -> None:
    """Who is inside from a segment's first day has not entered; with announce_first they have."""
    members = [await enrolled(street.database) for _ in range(3)]
    for member_id in members:
        await street.sells(member_id, f"sale-{member_id}")
    text = (
        SEGMENTS
        + """
  - {key: quiet, name: Quiet, when: member.purchases_count > 0}
  - {key: loud, name: Loud, when: member.purchases_count > 0, announce_first: true}
"""
    )
    await street.changes_to(text)
    await street.sells(members[0], "meanwhile")  # a segment that was never filled does not announce one of them
    street.told.clear()
    done = {one.segment: one for one in await street.refreshes()}
    assert done["quiet"].members_count == done["loud"].members_count == 3
    assert sorted(street.told) == sorted(("entered", "loud", member_id) for member_id in members)
    versions = await street.database.reader.fetch("SELECT member_id FROM member_facts WHERE segments @> '{quiet,loud}'")
    assert len(versions) == 3


async def test_refreshes_and_events_at_once_move_and_tell_once(street: Neighbourhood) -> None:
    """Eight looks at everybody, and the members' own events, at the same time: one entry each, one event each."""
    members = [await enrolled(street.database) for _ in range(12)]
    for member_id in members:
        await street.sells(member_id, f"first-{member_id}")
    street.told.clear()
    for member_id in members:
        await bought_unheard(street, member_id)
    programme = await street.programme()

    async def followed(member_id: MemberId) -> None:
        async with street.database.transaction() as tx:
            await commands.follow_members(tx, programme, [member_id], street.moment)

    looks = [commands.refresh_segment(street.database, programme, "regulars", street.moment) for _ in range(8)]
    await asyncio.gather(*looks, *(followed(member_id) for member_id in members))
    await street.follows()
    assert sorted(street.told) == sorted(("entered", "regulars", member_id) for member_id in members)
    rows = await street.database.reader.fetch(
        "SELECT entries_count FROM segment_member WHERE segment_key = 'regulars' AND left_at IS NULL"
    )
    assert [row["entries_count"] for row in rows] == [1] * 12
    kept = await street.database.reader.fetch("SELECT segments FROM member_facts")
    assert [row["segments"] for row in kept] == [["regulars"]] * 12


async def bought_unheard(street: Neighbourhood, member_id: MemberId) -> None:
    """A second purchase that no handler has heard of yet."""
    await checkout.settle(street.till, basket(member_id=member_id), f"second-{member_id}", street.moment)


async def test_imports_are_noticed_without_an_event(street: Neighbourhood) -> None:
    """A quiet transaction announces nothing, but raises the version: the next look makes those facts again."""
    member_id = await enrolled(street.database)
    await street.refreshes()
    await street.database.reader.fetch("SELECT 1")
    async with street.database.transaction(quiet=True) as tx:
        await insert_purchases(tx, member_id, 2)
        await tx.touch(member_id)
    await street.refreshes(days=1 / 12)
    assert await street.segments_of(member_id) == ["regulars"]


async def insert_purchases(tx: Any, member_id: MemberId, count: int) -> None:
    """Receipts as an import writes them."""
    for number in range(count):
        await tx.execute(
            """
            INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at,
                                  currency, total_minor, tax_minor, discount_minor, tenders)
            VALUES ($1, $2, 'store-1', $3, 'store', $4, $4, 'EUR', 1000, 0, 0, '[]')
            """,
            member_id, new_id(), f"import-{number}", NOON,
        )  # fmt: skip


async def test_a_list_changes_by_hand_and_a_condition_does_not(street: Neighbourhood) -> None:
    """Adding twice is adding once; a condition's members cannot be chosen, nor a list refreshed; nothing is written."""
    programme, member_id = await street.programme(), await enrolled(street.database)
    for wanted in ((1, 0), (0, 0)):
        async with street.database.transaction() as tx:
            moved = await commands.change_list(tx, programme, "friends", street.moment, add=[member_id, member_id])
        assert (moved.entered, moved.left) == wanted
    assert await street.segments_of(member_id) == ["friends"]
    with pytest.raises(SegmentIsCondition):
        async with street.database.transaction() as tx:
            await commands.change_list(tx, programme, "regulars", street.moment, add=[member_id])
    with pytest.raises(SegmentIsList):
        await commands.refresh_segment(street.database, programme, "friends", street.moment)
    with pytest.raises(NotFound):
        await commands.refresh_segment(street.database, programme, "nobody", street.moment)
    assert await street.segments_of(member_id) == ["friends"]
    async with street.database.transaction() as tx:
        await commands.change_list(tx, programme, "friends", street.moment, remove=[member_id])
    await street.follows()
    assert await street.segments_of(member_id) == []
    assert street.told == [("entered", "friends", member_id), ("left", "friends", member_id)]


async def test_a_segment_that_the_programme_drops_is_emptied_quietly(street: Neighbourhood) -> None:
    """Nobody stays in what no longer exists, and nobody is told that they left it."""
    member_id = await enrolled(street.database)
    await street.sells(member_id, "one")
    await street.sells(member_id, "two")
    street.told.clear()
    await street.changes_to("segments: [{key: friends, name: Friends, list: true}]")
    await street.refreshes()
    assert await street.segments_of(member_id) == []
    assert street.told == []


async def test_a_condition_without_sql_is_judged_by_the_evaluator(street: Neighbourhood) -> None:
    """A regular expression has no SQL here: it says so, with its place, and the same members are found."""
    text = (
        SEGMENTS
        + """
  - {key: italian, name: Italian, when: "member.purchases_count > 0 && member.locale.matches('^en-U[S]$')"}
"""
    )
    await street.changes_to(text)
    member_id = await enrolled(street.database)
    await street.sells(member_id, "one")
    (done,) = [one for one in await street.refreshes() if one.segment == "italian"]
    assert done.reason == "line 1, column 52: matches() has no SQL"
    assert done.members_count == 1
    assert await street.segments_of(member_id) == ["italian"]


async def test_an_erased_member_leaves_no_facts(street: Neighbourhood) -> None:
    """Facts and stints are personal data: they go with the member, and are not made again."""
    member_id = await enrolled(street.database)
    await street.sells(member_id, "one")
    await street.sells(member_id, "two")
    async with street.database.transaction() as tx:
        await erase(tx, member_id, street.moment)
    await street.follows()
    await street.refreshes(days=1)
    for table in ("member_facts", "segment_member"):
        assert await street.database.reader.fetch_value(f"SELECT count(*) FROM {table}") == 0
