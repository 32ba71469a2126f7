"""Streaks judge a period once; surprises are drawn once, within their budget."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from fedele.db.database import Database
from fedele.domains.challenges import commands, queries
from fedele.domains.challenges.types import StreakView
from fedele.domains.segments.queries import find_facts
from fedele.kernel.ids import MemberId
from tests.factories.engagement import Club, line, open_club

WEEKLY = """
streaks:
  - key: weekly
    name: Weekly shop
    every: week
    goal: {type: purchases, minimum_spend: 5}
    freezes: {start: 1, held_max: 1}
    steps:
      - {at: 2, award: {units: {currency: points, amount: 10}}}
      - {at: 4, award: {units: {currency: points, amount: 30}, badge: explorer}}
"""
DAILY = """
streaks:
  - key: daily
    name: Every day
    every: day
    goal: {type: events, event: check_in}
    steps: [{at: 3, award: {units: {currency: points, amount: 10}}}]
"""
CERTAIN = """
surprises:
  - {key: gift, name: Gift, type: purchase, probability: 1, per_day_max: 3, per_member_max: 2,
     award: {units: {currency: points, amount: 11}}}
"""


async def view(club: Club, member_id: MemberId) -> StreakView:
    """The only streak as the member sees it."""
    programme = await club.programme()
    facts = await find_facts(club.database.reader, programme, member_id, club.now)
    assert facts is not None
    standing = await queries.standing_of(club.database.reader, member_id)
    (found,) = queries.streaks_of(programme, facts, None, standing, club.now)
    return found


async def test_weeks_in_a_row_bring_their_awards_once(database: Database) -> None:
    """Two shops in one week are one; the freeze carries the streak over a missed week; the fourth brings the badge."""
    club = await open_club(database, WEEKLY)
    member = await club.member()
    await club.buys(member)
    await club.buys(member)
    assert (await view(club, member)).state.current == 1
    club.turn(days=7)
    await club.buys(member)
    assert await club.points(member) == 10
    club.turn(days=14)  # a week without a shop
    assert (await view(club, member)).state.freezes_left == 0
    await club.buys(member)
    club.turn(days=7)
    await club.buys(member)
    state = (await view(club, member)).state
    assert (state.current, state.best) == (4, 4)
    assert await club.points(member) == 40
    club.turn(days=14)
    assert (await view(club, member)).state.current == 0


async def test_a_late_sale_mends_the_streak_it_belongs_to(database: Database) -> None:
    """Two broken pieces become one when the week between them is told late, as if it had come in time."""
    club = await open_club(database, WEEKLY.replace("start: 1, held_max: 1", "start: 0"))
    member = await club.member()
    missed = club.now + timedelta(days=8)
    await club.buys(member)
    club.turn(days=14)
    await club.buys(member)
    club.turn(days=7)
    await club.buys(member)
    assert await club.points(member) == 10  # the second piece is two long
    await club.buys(member, at=missed)
    assert (await view(club, member)).state.best == 4
    assert await club.points(member) == 40


async def test_a_return_empties_its_week(database: Database) -> None:
    """The award that the week made is taken back, and given again when the week is kept after all."""
    club = await open_club(database, WEEKLY.replace("start: 1, held_max: 1", "start: 0"))
    member = await club.member()
    first = await club.buys(member)
    club.turn(days=7)
    await club.buys(member)
    assert await club.points(member) == 10
    await club.returns(first, (1, "1"))
    assert await club.points(member) == 0
    await club.buys(member, at=club.now - timedelta(days=6))
    assert await club.points(member) == 10


async def test_days_stay_days_when_the_clocks_change(database: Database) -> None:
    """Check-ins at 23:30, 00:30 and 23:30 local around Rome's change of 29 March 2026 are three days in a row."""
    club = await open_club(database, DAILY)
    club.now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    member = await club.member()
    club.now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    for at in (
        datetime(2026, 3, 28, 22, 30, tzinfo=UTC),  # Saturday 23:30, winter time
        datetime(2026, 3, 28, 23, 30, tzinfo=UTC),  # Sunday 00:30, a day of 23 hours
        datetime(2026, 3, 30, 21, 30, tzinfo=UTC),  # Monday 23:30, summer time
    ):
        await club.does(member, "check_in", at=at)
    assert await club.points(member) == 10


async def test_a_surprise_is_drawn_once_for_a_purchase(database: Database, admin: Any) -> None:
    """Eight deliveries at once make one draw and one award, and the draw can be made again."""
    club = await open_club(database, CERTAIN)
    member = await club.member()
    settled = await club.buys(member, follow=False)
    programme = await club.programme()

    async def deliver() -> None:
        async with database.transaction() as tx:
            await commands.count_purchase(tx, programme, member, settled.purchase_id, club.moment())

    await asyncio.gather(*(deliver() for _ in range(8)))
    assert await club.points(member) == 11
    (drawn,) = await queries.list_draws(database.reader, member, "gift")
    assert drawn.outcome == "won"
    assert queries.draw_again("", drawn, member)
    assert not queries.draw_again("another seed", drawn, member)
    assert await admin.fetchval("SELECT given FROM surprise_day") == 1


async def test_the_days_budget_holds_against_a_crowd(database: Database, admin: Any) -> None:
    """Twenty members win at once; three are given, seventeen are told that the budget was used up."""
    club = await open_club(database, CERTAIN)
    members = [await club.member() for _ in range(20)]
    settled = [await club.buys(member, follow=False) for member in members]
    programme = await club.programme()

    async def deliver(index: int) -> None:
        async with database.transaction() as tx:
            purchase_id = settled[index].purchase_id
            await commands.count_purchase(tx, programme, members[index], purchase_id, club.moment())

    await asyncio.gather(*(deliver(index) for index in range(20)))
    assert sum([await club.points(member) for member in members]) == 33
    outcomes = await admin.fetch("SELECT outcome, count(*) AS n FROM surprise_draw GROUP BY 1 ORDER BY 1")
    assert {row["outcome"]: row["n"] for row in outcomes} == {"budget": 17, "won": 3}


async def test_one_member_has_a_limit_and_a_full_return_takes_it_back(database: Database) -> None:
    """The third is refused by the member's limit; a returned purchase gives its surprise back, a partial one not."""
    club = await open_club(database, CERTAIN)
    member = await club.member()
    first = await club.buys(member, line(1_000), line(500, 2))
    await club.buys(member)
    await club.buys(member)
    assert await club.points(member) == 22
    assert [one.outcome for one in await queries.list_draws(database.reader, member, "gift")].count("member_limit") == 1
    await club.returns(first, (1, "1"))
    assert await club.points(member) == 22
    await club.returns(first, (2, "1"))
    assert await club.points(member) == 11


async def test_badges_are_a_fact_for_conditions(database: Database) -> None:
    """A rule that asks for the badge gives nothing before it and earns after it."""
    text = """
earning:
  rules:
    - {key: explorers, type: purchase_multiplier, name: Explorers, currency: points,
       when: "'explorer' in member.badges"}
challenges:
  - {key: one, name: One, goal: {type: purchases, target: 1}, award: {badge: explorer}}
"""
    club = await open_club(database, text)
    member = await club.member()
    await club.buys(member, line(1_000))
    assert await club.points(member) == 0
    club.turn(minutes=1)
    await club.buys(member, line(1_000))
    assert await club.points(member) == 10


async def test_erasure_forgets_and_later_returns_change_nothing(database: Database, admin: Any) -> None:
    """Contributions, joinings and badges go; what was given stays in the books; a return afterwards revokes nothing."""
    from fedele.domains.members.commands import erase

    text = "challenges:\n  - {key: one, name: One, goal: {type: purchases, target: 1}, award: {badge: explorer}}\n"
    club = await open_club(database, text)
    member = await club.member()
    settled = await club.buys(member)
    exported = await queries.export_personal_data(database.reader, member)
    assert [len(exported[part]) for part in ("counted", "awards", "badges")] == [1, 1, 1]
    async with database.transaction() as tx:
        await erase(tx, member, club.moment())
    await club.follow()
    for table in ("challenge_contribution", "member_badge", "challenge_joining"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0
    await club.returns(settled, (1, "1"))
    assert await admin.fetchval("SELECT state FROM challenge_award") == "given"
