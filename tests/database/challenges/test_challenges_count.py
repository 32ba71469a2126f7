"""Challenges count what members did: exactly, once, and in the period in which it happened."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.challenges import commands, errors, queries
from fedele.domains.challenges.types import ChallengeView
from fedele.domains.checkout import commands as checkout
from fedele.domains.checkout.types import Basket
from fedele.domains.segments.queries import find_facts
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound
from tests.factories.engagement import STORE, Club, departments, line, open_club

ROUND = """
challenges:
  - key: round
    name: Round the shop
    goal: {type: distinct, of: department, target: 5}
    per: month
    steps: [{at: 3, award: {units: {currency: points, amount: 10}}}]
    award: {units: {currency: points, amount: 50}, badge: explorer}
"""
SPENDER = """
challenges:
  - key: spender
    name: Spender
    goal: {type: spend, target: 100}
    times_max: 3
    award: {units: {currency: points, amount: 20}}
"""
JOINED = """
challenges:
  - key: thrice
    name: Thrice
    goal: {type: purchases, target: 3, minimum_spend: 5}
    joining: opt_in
    days_from_joining: 10
    award: {units: {currency: points, amount: 30}}
"""


async def view(club: Club, member_id: MemberId, key: str) -> ChallengeView:
    """The challenge as the member sees it."""
    programme = await club.programme()
    facts = await find_facts(club.database.reader, programme, member_id, club.now)
    assert facts is not None
    standing = await queries.standing_of(club.database.reader, member_id)
    views = queries.challenges_of(programme, facts, None, standing, club.now)
    return next(one for one in views if one.challenge.key == key)


async def test_steps_the_target_and_the_badge_come_as_they_are_reached(database: Database) -> None:
    """Three departments bring 10, five bring 50 and the badge; a sixth nothing more; the next month begins anew."""
    club = await open_club(database, ROUND)
    member = await club.member()
    await club.buys(member, *departments("A", "B"))
    assert await club.points(member) == 0
    await club.buys(member, *departments("B", "C"))
    assert await club.points(member) == 10
    await club.buys(member, *departments("D", "E", "F"))
    assert await club.points(member) == 60
    (badge,) = await queries.list_badges(database.reader, await club.programme(), member)
    assert (badge.key, badge.source_key, badge.earned_at) == ("explorer", "round", club.now)
    club.turn(days=30)
    assert (await view(club, member, "round")).progress == 0
    await club.buys(member, *departments("A", "B", "C"))
    assert await club.points(member) == 70


async def test_progress_is_exact_to_the_cent(database: Database) -> None:
    """What is missing is told in cents, and 100.00 is reached by 99.99 and a cent."""
    club = await open_club(database, SPENDER)
    member = await club.member()
    await club.buys(member, line(9_999))
    seen = await view(club, member, "spender")
    assert (seen.progress, seen.target, seen.missing, seen.times) == (9_999, 10_000, 1, 0)
    await club.buys(member, line(1))
    assert (await view(club, member, "spender")).times == 1
    assert await club.points(member) == 20


async def test_a_repeatable_challenge_stops_at_its_limit(database: Database) -> None:
    """A purchase of 950.00 completes three of three at once, and a further one none."""
    club = await open_club(database, SPENDER)
    member = await club.member()
    await club.buys(member, line(95_000))
    assert await club.points(member) == 60
    await club.buys(member, line(95_000))
    assert await club.points(member) == 60
    assert (await view(club, member, "spender")).complete


async def test_counting_twice_counts_once(database: Database, admin: Any) -> None:
    """Every event delivered three times at once, by rival workers, changes nothing."""
    club = await open_club(database, ROUND)
    member = await club.member()
    settled = await club.buys(member, *departments("A", "B", "C"), follow=False)
    programme = await club.programme()

    async def deliver() -> None:
        async with database.transaction() as tx:
            await commands.count_purchase(tx, programme, member, settled.purchase_id, club.moment())

    await asyncio.gather(*(deliver() for _ in range(8)))
    await club.follow()
    assert await club.points(member) == 10
    assert await admin.fetchval("SELECT count(*) FROM challenge_contribution") == 1
    assert await admin.fetchval("SELECT count(*) FROM challenge_award") == 1


async def test_rival_purchases_reach_the_target_once(database: Database) -> None:
    """Ten purchases counted at once, of which each could be the one that completes it, give the award once."""
    club = await open_club(database, SPENDER.replace("times_max: 3", "times_max: 1"))
    member = await club.member()
    settled = [await club.buys(member, line(9_000), follow=False) for _ in range(10)]
    programme = await club.programme()

    async def deliver(index: int) -> None:
        async with database.transaction() as tx:
            await commands.count_purchase(tx, programme, member, settled[index].purchase_id, club.moment())

    await asyncio.gather(*(deliver(index) for index in range(10)))
    assert await club.points(member) == 20


async def test_a_late_sale_counts_in_its_own_month(database: Database) -> None:
    """Sold on 31 May and told on 2 June: May's challenge is completed, June's is untouched."""
    club = await open_club(database, ROUND)
    member = await club.member()
    await club.buys(member, *departments("A", "B"))
    may = club.now + timedelta(days=27)
    club.turn(days=29)
    await club.buys(member, *departments("C", "D", "E"), at=may)
    assert await club.points(member) == 60
    assert (await view(club, member, "round")).progress == 0


async def test_a_late_sale_is_judged_by_the_programme_of_its_own_time(database: Database) -> None:
    """A challenge that began with a later version does not count what was sold before it."""
    club = await open_club(database)
    member = await club.member()
    sold_at = club.now
    club.turn(days=1)
    await club.applies(SPENDER)
    await club.buys(member, line(50_000), at=sold_at)
    assert await club.points(member) == 0
    await club.buys(member, line(10_000))
    assert await club.points(member) == 20


async def test_an_opt_in_challenge_counts_from_joining_for_its_days(database: Database, admin: Any) -> None:
    """Before joining nothing counts, afterwards three purchases do, and after ten days no more."""
    club = await open_club(database, JOINED)
    member = await club.member()
    await club.buys(member)
    assert not (await view(club, member, "thrice")).joined
    club.turn(hours=1)
    await joins(club, member)
    club.turn(hours=1)
    await club.buys(member)
    await club.buys(member, line(499))  # below the minimum
    assert (await view(club, member, "thrice")).progress == 1
    club.turn(days=11)
    await club.buys(member)
    await club.buys(member)
    assert await club.points(member) == 0
    assert await admin.fetchval("SELECT count(*) FROM challenge_contribution") == 1


async def test_joining_twice_at_once_joins_once(database: Database, admin: Any) -> None:
    """Both hear the same time, and one row is written."""
    club = await open_club(database, JOINED)
    member = await club.member()
    first, second = await asyncio.gather(joins(club, member), joins(club, member))
    assert first == second
    assert await admin.fetchval("SELECT count(*) FROM challenge_joining") == 1


async def test_one_that_counts_from_its_start_catches_up_with_what_was_done(database: Database) -> None:
    """Three purchases before joining complete it when the member joins, imported (quiet) ones among them."""
    text = JOINED.replace("days_from_joining: 10", "counts_from: start")
    club = await open_club(database, text)
    member = await club.member()
    for _ in range(3):
        await club.buys(member)
    assert await club.points(member) == 0
    await joins(club, member)
    await club.follow()
    assert await club.points(member) == 30


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (SPENDER.replace("spender", "thrice"), errors.ChallengeNotOpen),  # automatic: there is nothing to join
        (JOINED.replace("joining: opt_in", "joining: opt_in\n    dates: {ends: 2026-05-03}"), errors.ChallengeNotOpen),
        (JOINED.replace("joining: opt_in", "joining: opt_in\n    when: member.tier == 'gold'"),
         errors.ChallengeNotForMember),
        ("", NotFound),
    ],
)  # fmt: skip
async def test_what_cannot_be_joined_is_refused(
    database: Database, admin: Any, text: str, refusal: type[Exception]
) -> None:
    """With its reason, and nothing is written."""
    tiers = """
tiers:
  counter: {type: spend}
  window: {type: rolling, months: 12}
  levels: [{key: blue, name: Blue, threshold: 0}, {key: gold, name: Gold, threshold: 300}]
"""
    club = await open_club(database, tiers, text)
    member = await club.member()
    with pytest.raises(refusal):
        await joins(club, member)
    assert await admin.fetchval("SELECT count(*) FROM challenge_joining") == 0


async def test_events_and_visits_count_too(database: Database) -> None:
    """Rides over an hour, and days with a purchase or a check-in, each day once."""
    text = """
challenges:
  - {key: rides, name: Rides, goal: {type: events, event: ride, target: 2, when: event.properties.minutes > 60},
     award: {units: {currency: points, amount: 7}}}
  - {key: visits, name: Visits, goal: {type: visits, target: 2, events: [check_in]},
     award: {units: {currency: points, amount: 9}}}
"""
    club = await open_club(database, text)
    member = await club.member()
    await club.does(member, "ride", minutes=61)
    await club.does(member, "ride", minutes=60)
    await club.does(member, "check_in")
    await club.buys(member)
    assert await club.points(member) == 0
    club.turn(days=1)
    await club.does(member, "ride", minutes=90)
    assert await club.points(member) == 7
    await club.does(member, "check_in")
    assert await club.points(member) == 16


async def test_an_imported_history_counts_for_nothing(database: Database, admin: Any) -> None:
    """A quiet sale announces nothing: no contribution, no award, no draw."""
    club = await open_club(database, SPENDER)
    member = await club.member()
    basket = Basket(store_id=STORE, receipt="old", currency="EUR", lines=(line(50_000),), member_id=member)
    await checkout.settle(club.till, basket, "old", club.moment(), quiet=True)
    await club.follow()
    assert await admin.fetchval("SELECT count(*) FROM challenge_contribution") == 0
    assert await club.points(member) == 0


async def joins(club: Club, member_id: MemberId, key: str = "thrice") -> Any:
    """The member joins; since when."""
    async with club.database.transaction() as tx:
        return await commands.join_challenge(tx, await club.programme(), member_id, "challenge", key, club.moment())
