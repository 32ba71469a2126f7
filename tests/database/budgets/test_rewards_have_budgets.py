"""A reward's budget: redeemed, used or given back; and never more than it pays."""

from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.budgets.errors import BudgetExhausted
from fedele.domains.budgets.queries import figures_of, verify
from fedele.domains.ledger.commands import post
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.rewards.commands import cancel_redemption, redeem, use_redemption
from fedele.kernel.ids import MemberId
from tests.factories.ledger import earn
from tests.factories.members import enrolled
from tests.factories.pots import NOW
from tests.factories.programme import SMALL, make_programme

REWARD = (
    "rewards: [{key: mug, type: free_product, name: Mug, skus: [m], cost: {currency: points, amount: 10}, "
    "budget: {money: 5.00%s}}]"
)
PROGRAMME = make_programme(SMALL + REWARD % ", unit_cost: 2.20")


async def rich(database: Database) -> MemberId:
    """A member with points enough."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(1000)], NOW)
    return member_id


async def figures(database: Database) -> tuple[int, int, int]:
    """What is left, reserved and used of the mugs."""
    assert await verify(database.reader) == []
    (found,) = await figures_of(database.reader, ["reward:mug"])
    return found.left_minor, found.reserved_minor, found.used_minor


async def test_a_reward_ends_with_its_budget(database: Database, admin: Any) -> None:
    """5.00 pay for two mugs at 2.20; the third is refused and costs no points; one given back may be had by another."""
    members = [await rich(database) for _ in range(3)]
    first, second = [await redeem(database, PROGRAMME, m, "mug", "k", NOW) for m in members[:2]]
    assert await figures(database) == (60, 440, 0)
    with pytest.raises(BudgetExhausted):
        await redeem(database, PROGRAMME, members[2], "mug", "k", NOW)
    assert await admin.fetchval("SELECT count(*) FROM ledger_transaction WHERE kind = 'burn'") == 2
    async with database.transaction() as tx:
        await use_redemption(tx, members[0], first.id, "store-1", NOW)
    async with database.transaction() as tx:
        await cancel_redemption(tx, PROGRAMME, members[1], second.id, NOW)
    assert await figures(database) == (280, 0, 220)
    await redeem(database, PROGRAMME, members[2], "mug", "k", NOW)
    assert await figures(database) == (60, 220, 220)


async def test_a_repeated_redemption_costs_once(database: Database, admin: Any) -> None:
    """The same key again is answered from the first time."""
    member_id = await rich(database)
    first = await redeem(database, PROGRAMME, member_id, "mug", "same", NOW)
    assert await redeem(database, PROGRAMME, member_id, "mug", "same", NOW) == first
    assert await figures(database) == (280, 220, 0)


def test_a_budget_needs_to_know_what_one_costs() -> None:
    """The file says what is missing."""
    with pytest.raises(ProgrammeInvalid, match="unit_cost"):
        make_programme(SMALL + REWARD % "")
