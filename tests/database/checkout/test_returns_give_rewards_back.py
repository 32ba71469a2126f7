"""A reward that a purchase used up comes back with what it was used on, as the programme declares."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Database
from fedele.domains.activity.types import PurchaseId, ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return
from fedele.domains.rewards.queries import list_held
from fedele.kernel.ids import MemberId
from tests.factories.till import STORE, at, basket, line
from tests.factories.till_spending import open_spending_till, shopper, spending_text, with_reward


async def bought_with_a_reward(till: Till, member_id: MemberId, key: str = "five-off") -> tuple[PurchaseId, UUID]:
    """Two lines of 10.00, five euros off both; the purchase and the reward."""
    reward = await with_reward(till, member_id, key)
    lines = (line(1, 1000), line(2, 1000))
    sold = basket(*lines, member_id=member_id, rewards=(reward,), discounts="apply", confirmation="Showed an ID")
    settled = await commands.settle(till, sold, "sale", at())
    assert settled.rewards_used == (reward,)
    return settled.purchase_id, reward


async def comes_back(till: Till, member_id: MemberId, purchase_id: PurchaseId, number: int) -> int:
    """One line comes back an hour later; the refund."""
    asked = Return(
        store_id=STORE, lines=(ReturnedLine(number, Decimal(1)),), purchase_id=purchase_id, member_id=member_id
    )
    return (await commands.return_lines(till, asked, f"back-{number}", at(hours=number))).total_minor


async def held(database: Database, member_id: MemberId) -> list[UUID]:
    """The rewards that the member can use."""
    return [one.id for one in await list_held(database.reader, member_id, at(hours=3).now)]


async def test_the_reward_comes_back_with_the_last_line_it_touched(database: Database, admin: Any) -> None:
    """One of two lines back: the reward stays used. Both: it is held again, and the refunds are what was paid."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    purchase_id, reward = await bought_with_a_reward(till, member_id)
    first = await comes_back(till, member_id, purchase_id, 1)
    assert await held(database, member_id) == []
    second = await comes_back(till, member_id, purchase_id, 2)
    assert (await held(database, member_id), first + second) == ([reward], 1500)
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'rewards.reopened'") == 1
    again = basket(
        line(1, 1000), member_id=member_id, rewards=(reward,), discounts="apply", confirmation="Showed an ID"
    )
    assert (await commands.settle(till, again, "again", at(hours=3))).rewards_used == (reward,)


async def test_a_reward_declared_to_be_kept_stays_used(database: Database, admin: Any) -> None:
    """`on_return: keep`: both lines back, and the reward is gone all the same."""
    text = spending_text().replace("key: five-off, type", "key: five-off, on_return: keep, type")
    till = await open_spending_till(database, text)
    member_id = await shopper(till)
    purchase_id, _ = await bought_with_a_reward(till, member_id)
    for number in (1, 2):
        await comes_back(till, member_id, purchase_id, number)
    assert await held(database, member_id) == []
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'rewards.reopened'") == 0
