"""Returns lower progress, and take back what was not deserved, as the programme declares."""

import itertools
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedele.db.database import Database
from fedele.domains.challenges import queries
from fedele.domains.rewards.commands import use_redemption
from fedele.domains.rewards.queries import list_held
from tests.factories.engagement import departments, line, open_club

SPENDER = """
challenges:
  - key: spender
    name: Spender
    goal: {type: spend, target: 100}
    times_max: 3
    steps: [{at: 50, award: {units: {currency: points, amount: 5}}}]
    award: {units: {currency: points, amount: 20}, badge: explorer}
"""
GIFT = """
challenges:
  - key: gift
    name: Gift
    goal: {type: purchases, target: 1}
    award: {reward: coffee, instead: {currency: points, amount: 15}}
"""


async def test_a_return_revokes_what_it_undoes_and_no_more(database: Database) -> None:
    """From 120.00 to 90.00 the target goes with its badge, the step stays; buying again brings it back once."""
    club = await open_club(database, SPENDER)
    member = await club.member()
    settled = await club.buys(member, line(9_000), line(3_000, 2))
    assert await club.points(member) == 25
    await club.returns(settled, (2, "1"))
    assert await club.points(member) == 5
    assert await queries.list_badges(database.reader, await club.programme(), member) == ()
    await club.buys(member, line(1_000))
    assert await club.points(member) == 25
    assert len(await queries.list_badges(database.reader, await club.programme(), member)) == 1
    await club.returns(settled, (1, "1"))
    assert await club.points(member) == 0


async def test_what_the_programme_keeps_stays(database: Database) -> None:
    """With on_return: keep progress falls, the award does not."""
    club = await open_club(database, SPENDER.replace("times_max: 3", "times_max: 3\n    on_return: keep"))
    member = await club.member()
    settled = await club.buys(member, line(10_000))
    await club.returns(settled, (1, "1"))
    assert await club.points(member) == 25
    standing = await queries.standing_of(database.reader, member)
    assert standing.sums["challenge", "spender"][""].amount == 0
    await club.buys(member, line(10_000))
    assert await club.points(member) == 25  # it was given already


async def test_spent_units_become_a_debt(database: Database, admin: Any) -> None:
    """Pitfall 11 for challenges: what was spent before the return is owed, and netted by what is earned next."""
    from fedele.domains.ledger.commands import post
    from fedele.domains.ledger.types import Burn
    from fedele.kernel.money import CurrencyKey

    club = await open_club(database, SPENDER)
    member = await club.member()
    settled = await club.buys(member, line(10_000))
    async with database.transaction() as tx:
        burn = Burn(scope="test", key="1", currency=CurrencyKey("points"), units=25)
        await post(tx, member, [burn], club.moment())
    await club.returns(settled, (1, "1"))
    assert await club.points(member) == -25
    await club.buys(member, line(10_000))
    assert await club.points(member) == 0


async def test_a_held_reward_is_taken_back_and_a_used_one_is_not_given_twice(database: Database) -> None:
    """Unused: it is cancelled. Used: it stays, and reaching the step again brings no second one."""
    club = await open_club(database, GIFT.replace("instead: {currency: points, amount: 15}", "badge: explorer"))
    member = await club.member()
    settled = await club.buys(member)
    assert len(await list_held(database.reader, member, club.now)) == 1
    await club.returns(settled, (1, "1"))
    assert await list_held(database.reader, member, club.now) == []

    again = await club.buys(member)
    (held,) = await list_held(database.reader, member, club.now)
    async with database.transaction() as tx:
        await use_redemption(tx, member, held.id, "store-1", club.moment())
    await club.returns(again, (1, "1"))
    await club.buys(member)
    assert await list_held(database.reader, member, club.now) == []


async def test_a_reward_that_is_out_of_stock_is_replaced(database: Database, admin: Any) -> None:
    """There is one coffee: the first has it, the second gets the units instead, and the stock is not oversold."""
    club = await open_club(database, GIFT)
    first, second = await club.member(), await club.member()
    await club.buys(first)
    await club.buys(second)
    assert (await club.points(first), await club.points(second)) == (0, 15)
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::4])
async def test_partial_returns_in_any_order_end_where_a_full_one_does(database: Database, order: list[int]) -> None:
    """Four pieces in six of their orders: progress, awards and books are as if nothing had been bought."""
    club = await open_club(database, SPENDER)
    member = await club.member()
    settled = await club.buys(member, line(9_999, quantity=line().quantity * 3), line(5_001, 2))
    pieces = [(1, "0.5"), (1, "0.5"), (1, "2"), (2, "1")]
    for index in order:
        await club.returns(settled, pieces[index])
    assert await club.points(member) == 0
    standing = await queries.standing_of(database.reader, member)
    assert standing.sums["challenge", "spender"][""].amount == 0


async def test_a_return_that_is_told_before_its_purchase_is_not_lost(database: Database) -> None:
    """The queue keeps no order: counted after its return, a purchase counts for what is left of it."""
    from fedele.domains.activity.types import PurchaseId
    from fedele.domains.challenges import commands

    club = await open_club(database, SPENDER)
    member = await club.member()
    settled = await club.buys(member, line(8_000), line(4_000, 2), follow=False)
    await club.returns(settled, (2, "1"), follow=False)
    programme, purchase_id = await club.programme(), PurchaseId(settled.purchase_id)
    async with database.transaction() as tx:
        await commands.recount_purchase(tx, programme, member, purchase_id, club.moment())
    async with database.transaction() as tx:
        await commands.count_purchase(tx, programme, member, purchase_id, club.moment())
    assert await club.points(member) == 5


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
async def test_awards_always_agree_with_the_purchases_that_stand(
    database: Database, admin: Any, chance: random.Random
) -> None:
    """Any mix of purchases and partial returns, told in any order: points are what the kept money is worth.

    The second calculation is plain: 5 for each begun half hundred, 20 for each whole one, three times at most.
    """
    club = await open_club(database, SPENDER)
    member = await club.member()
    sales = []
    for _ in range(chance.randint(1, 5)):
        cents = chance.choice([2_500, 4_999, 5_001, 10_000])
        settled = await club.buys(member, line(cents, quantity=line().quantity * 4), follow=chance.random() < 0.5)
        sales.append([settled, cents, 0])
        if chance.random() < 0.6:
            sale = chance.choice(sales)
            if sale[2] < 4:
                await club.returns(sale[0], (1, "1"), follow=chance.random() < 0.5)
                sale[2] += 1
    await club.follow()
    kept = sum(int(cents * (4 - back) / 4 + 0.5) for _, cents, back in sales)
    expected = sum((5 if kept >= 10_000 * n + 5_000 else 0) + (20 if kept >= 10_000 * (n + 1) else 0) for n in range(3))
    assert await club.points(member) == expected


async def test_departments_bought_elsewhere_too_are_kept(database: Database) -> None:
    """Returning one of two purchases from a department leaves it counted."""
    text = """
challenges:
  - {key: two, name: Two, goal: {type: distinct, of: department, target: 2},
     award: {units: {currency: points, amount: 8}}}
"""
    club = await open_club(database, text)
    member = await club.member()
    first = await club.buys(member, *departments("A", "B"))
    await club.buys(member, *departments("B"))
    await club.returns(first, (2, "1"))
    assert await club.points(member) == 8
    await club.returns(first, (1, "1"))
    assert await club.points(member) == 0


async def test_a_higher_target_takes_nothing_back(database: Database) -> None:
    """What was reached under one version stays when the next one asks for more; a return under it still counts."""
    club = await open_club(database, SPENDER)
    member = await club.member()
    settled = await club.buys(member, line(10_000))
    club.turn(days=1)
    await club.applies(SPENDER.replace("target: 100", "target: 200").replace("at: 50", "at: 150"))
    await club.buys(member, line(100))
    assert await club.points(member) == 25
    await club.returns(settled, (1, "1"))
    assert await club.points(member) == 0
