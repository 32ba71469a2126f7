"""Pitfall 19: stock and single-use codes oversold; reservations never released."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.domains.rewards import commands
from fedele.domains.rewards.commands import shelf
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.errors import RewardOutOfStock
from fedele.domains.rewards.types import Redemption, RedemptionId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.ledger import earn
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme

NOW = Moment(datetime(2026, 3, 14, 10, tzinfo=UTC))
REACHING = 64
PROGRAMME = make_programme(
    SMALL
    + """
rewards:
  - {key: mug, type: physical_gift, name: Mug, cost: {currency: points, amount: 10}, stock: 10}
  - {key: lamp, type: free_product, name: Lamp, cost: {currency: points, amount: 10}, stock: 10}
  - {key: code, type: voucher_code, name: Code, codes: pool, cost: {currency: points, amount: 10}}
  - {key: both, type: gift_card, name: Card, value: 5, codes: pool, cost: {currency: points, amount: 10}, stock: 10}
"""
)


async def crowd(database: Database, count: int = REACHING, units: int = 20) -> list[MemberId]:
    """Members with so many points each."""
    members = [await enrolled(database) for _ in range(count)]
    for member_id in members:
        async with database.transaction() as tx:
            await post(tx, member_id, [earn(units)], NOW)
    return members


async def all_redeem(database: Database, members: list[MemberId], reward: str) -> list[Redemption]:
    """All at once; whoever got one. Nobody may fail for another reason than an empty shelf."""
    outcomes = await asyncio.gather(
        *(commands.redeem(database, PROGRAMME, member, reward, "tap", NOW) for member in members),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, Redemption | RewardOutOfStock) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Redemption)]


async def spendable(database: Database, members: list[MemberId]) -> Counter[int]:
    """How many members have how much left."""
    balances = await balances_by_member(database.reader, members, NOW.now)
    return Counter(balances[member][0].available for member in members)


async def test_pitfall_19_ten_of_sixty_four_get_one_of_ten(database: Database, admin: Any) -> None:
    """Sixty-four members reach for ten: exactly ten get one, the others keep every point, nothing stays reserved."""
    members = await crowd(database)
    got = await all_redeem(database, members, "lamp")
    assert len(got) == 10
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'lamp'") == 10
    assert await spendable(database, members) == {10: 10, 20: 54}
    assert await admin.fetchval("SELECT count(*) FROM reward_reservation") == 0
    assert await verify(database.reader) == []


async def test_pitfall_19_the_race_is_real(database: Database, admin: Any) -> None:
    """The control: looking first and counting afterwards, as careless code does, sells far more than ten."""
    await admin.execute("INSERT INTO reward_stock (reward_key, taken) VALUES ('lamp', 0)")

    async def careless() -> bool:
        async with database.transaction() as tx:
            taken = await tx.fetch_value("SELECT taken FROM reward_stock WHERE reward_key = 'lamp'")
            await asyncio.sleep(0)  # what a decision in between costs
            if taken >= 10:
                return False
            await tx.execute("UPDATE reward_stock SET taken = taken + 1 WHERE reward_key = 'lamp'")
            return True

    sold = await asyncio.gather(*(careless() for _ in range(REACHING)))
    assert sum(sold) > 10


@pytest.mark.parametrize("reward", ["code", "both"])
async def test_pitfall_19_no_code_is_given_twice(database: Database, admin: Any, reward: str) -> None:
    """Ten codes, sixty-four members: ten different codes, each told to one member, and each member paid once."""
    async with database.transaction() as tx:
        await commands.add_codes(tx, reward, [f"C-{number}" for number in range(10)])
    members = await crowd(database)
    got = await all_redeem(database, members, reward)
    assert sorted(redemption.code for redemption in got) == [f"C-{number}" for number in range(10)]
    assert await spendable(database, members) == {10: 10, 20: 54}
    assert await admin.fetchval("SELECT count(*) FROM reward_code WHERE redemption_id IS NULL") == 0


async def test_pitfall_19_sixty_four_retries_take_one(database: Database, admin: Any) -> None:
    """One member's sixty-four retries of one tap: one lamp, one price, the same answer to all, nothing reserved."""
    (member,) = await crowd(database, 1, 1000)
    got = await all_redeem(database, [member] * REACHING, "lamp")
    assert (len(got), len(set(got))) == (REACHING, 1)
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'lamp'") == 1
    assert await admin.fetchval("SELECT count(*) FROM reward_reservation") == 0
    assert await spendable(database, [member]) == {990: 1}


async def test_pitfall_19_retries_of_the_last_one_are_answered(database: Database, admin: Any) -> None:
    """The last lamp is this member's: every retry is told so, none that it is out of stock."""
    await admin.execute("INSERT INTO reward_stock (reward_key, taken) VALUES ('lamp', 9)")
    (member,) = await crowd(database, 1, 1000)
    got = await all_redeem(database, [member] * REACHING, "lamp")
    assert (len(got), len(set(got))) == (REACHING, 1)


async def test_pitfall_19_who_cannot_pay_keeps_none_from_others(database: Database, admin: Any) -> None:
    """Thirty without points and ten with enough reach for ten: all ten get one."""
    poor, rich = await crowd(database, 30, 1), await crowd(database, 10)
    outcomes = await asyncio.gather(
        *(commands.redeem(database, PROGRAMME, member, "lamp", "tap", NOW) for member in [*poor, *rich]),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Redemption) for outcome in outcomes) == 10
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'lamp'") == 10


async def _reserve_and_die(database: Database, reward: str) -> RedemptionId:
    """A process that reserves one and is killed before it pays."""
    found = next(one for one in PROGRAMME.section(RewardsConfig) if one.key == reward)
    redemption_id = RedemptionId(new_id())
    async with database.transaction() as tx:
        await shelf.reserve(tx, found, redemption_id, NOW)
    return redemption_id


async def test_pitfall_19_what_a_dead_process_reserved_comes_back(database: Database, admin: Any) -> None:
    """All codes and stock reserved by processes that died: nothing is left at first; after two minutes all is."""
    async with database.transaction() as tx:
        await commands.add_codes(tx, "both", [f"C-{number}" for number in range(10)])
    for _ in range(10):
        await _reserve_and_die(database, "both")
    members = await crowd(database, 12)
    assert await all_redeem(database, members[:2], "both") == []
    assert await commands.release_lapsed(database, NOW.now + shelf.RESERVED_FOR - timedelta(seconds=1)) == 0
    assert await commands.release_lapsed(database, NOW.now + shelf.RESERVED_FOR) == 10
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'both'") == 0
    assert len(await all_redeem(database, members[2:], "both")) == 10


async def test_pitfall_19_a_slow_payer_and_the_clock_agree(database: Database, admin: Any) -> None:
    """A reservation that was released while its member pays is reserved again, and counted once."""
    members = await crowd(database, 20)
    late = NOW.now + timedelta(hours=1)
    outcomes = await asyncio.gather(
        *(commands.redeem(database, PROGRAMME, member, "lamp", "tap", NOW) for member in members),
        *(commands.release_lapsed(database, late) for _ in range(20)),
        return_exceptions=True,
    )
    got = [outcome for outcome in outcomes if isinstance(outcome, Redemption)]
    await commands.release_lapsed(database, late)
    assert len(got) == 10
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'lamp'") == 10
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 10
