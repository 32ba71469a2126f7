"""Redeeming: paid once, never oversold, given back to the lots it came from."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.ledger.queries import balances_by_member, list_lots
from fedele.domains.rewards import commands, errors, queries
from fedele.domains.segments.queries import find_facts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import KeyReused, NotFound
from tests.factories.ledger import earn
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme

NOW = Moment(datetime(2026, 3, 14, 10, 0, tzinfo=UTC))
PROGRAMME = make_programme(
    SMALL
    + """
rewards:
  - {key: coffee, type: free_product, name: Coffee, cost: {currency: points, amount: 100}, skus: [c1]}
  - {key: mug, type: free_product, name: Mug, cost: {currency: points, amount: 10}, skus: [m1], stock: 3}
  - {key: once, type: discount_amount, name: Five off, value: 5, cost: {currency: points, amount: 10}, per_member: 1}
  - {key: daily, type: discount_amount, name: A euro, value: 1, cost: {currency: points, amount: 1}, per_member_day: 1}
  - {key: code, type: voucher_code, name: Code, codes: pool, cost: {currency: points, amount: 10}}
  - {key: german, type: voucher_code, name: Nur hier, countries: [DE], cost: {currency: points, amount: 1}}
  - {key: past, type: voucher_code, name: Past, dates: {ends: 2026-03-13}, cost: {currency: points, amount: 1}}
"""
)


async def rich_member(database: Database, units: int = 1000) -> MemberId:
    """A member with so many points, in two lots of different expiry."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        soon, late = NOW.now + timedelta(days=10), NOW.now + timedelta(days=400)
        await post(tx, member_id, [earn(units // 2, expires_at=soon), earn(units - units // 2, expires_at=late)], NOW)
    return member_id


async def redeem(database: Database, member_id: MemberId, reward: str, key: str, moment: Moment = NOW) -> Any:
    """Redeem in a transaction of its own."""
    return await commands.redeem(database, PROGRAMME, member_id, reward, key, moment)


async def spendable(database: Database, member_id: MemberId) -> int:
    """What the member can spend."""
    balances = await balances_by_member(database.reader, [member_id], NOW.now)
    return balances[member_id][0].available


async def test_a_reward_is_paid_once_under_concurrent_retries(database: Database, admin: Any) -> None:
    """Twenty retries of one key take one coffee and a hundred points."""
    member_id = await rich_member(database)
    redemptions = await asyncio.gather(*(redeem(database, member_id, "coffee", "tap-1") for _ in range(20)))
    assert len({redemption.id for redemption in redemptions}) == 1
    assert await spendable(database, member_id) == 900
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 1
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'rewards.redeemed'") == 1
    with pytest.raises(KeyReused):
        await redeem(database, member_id, "mug", "tap-1")


async def test_stock_is_never_oversold(database: Database, admin: Any) -> None:
    """Pitfall 19: sixteen members reach for three mugs; three get one, the others keep their points."""
    members = [await rich_member(database, 20) for _ in range(16)]
    outcomes = await asyncio.gather(
        *(redeem(database, member, "mug", "tap") for member in members), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, errors.RewardOutOfStock) for outcome in outcomes) == 13
    assert sorted([await spendable(database, member) for member in members]) == [10] * 3 + [20] * 13


async def test_a_code_of_a_pool_is_given_out_once(database: Database, admin: Any) -> None:
    """Pitfall 19: two codes, six members: two different codes are given, then the pool is empty."""
    async with database.transaction() as tx:
        assert await commands.add_codes(tx, "code", ["AAA", "BBB", "AAA"]) == 2
        assert await commands.add_codes(tx, "code", ["AAA"]) == 0
    members = [await rich_member(database, 20) for _ in range(6)]
    outcomes = await asyncio.gather(*(redeem(database, m, "code", "tap") for m in members), return_exceptions=True)
    given = [outcome.code for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert sorted(given) == ["AAA", "BBB"]


async def test_a_full_pool_is_not_counted_to_its_end(database: Database, admin: Any) -> None:
    """With a hundred codes there is no end in sight; with ninety-nine the number is told; with none it is out."""
    for count, left, refusal in ((0, 0, "REWARD_OUT_OF_STOCK"), (99, 99, None), (1, None, None)):
        async with database.transaction() as tx:
            await commands.add_codes(tx, "code", [f"{count}-{number}" for number in range(count)])
        member_id = await rich_member(database, 50)
        facts = await find_facts(database.reader, PROGRAMME, member_id, NOW.now)
        assert facts is not None
        counts = await queries.counts_of(database.reader, PROGRAMME, member_id, NOW.now)
        seen = queries.catalogue(PROGRAMME, facts, None, counts, {"points": 50}, NOW.now)
        assert [(one.left, one.refusal) for one in seen if one.reward.key == "code"] == [(left, refusal)]


async def test_cancelling_returns_units_to_their_own_lots(database: Database, admin: Any) -> None:
    """Pitfall 10: the price returns to the lots it was taken from, with their own expiry; the mug to the shelf."""
    member_id = await rich_member(database, 12)
    before = await list_lots(database.reader, member_id)
    redemption = await redeem(database, member_id, "mug", "tap")
    assert await spendable(database, member_id) == 2
    for _ in range(2):  # the second call changes nothing
        async with database.transaction() as tx:
            cancelled = await commands.cancel_redemption(tx, PROGRAMME, member_id, redemption.id, NOW)
        assert cancelled.status == "cancelled"
    assert await list_lots(database.reader, member_id) == before
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'mug'") == 0


async def test_a_held_reward_is_used_once(database: Database, admin: Any) -> None:
    """Ten tills use the same coffee at once: one succeeds, and it can then not be given back."""
    member_id = await rich_member(database)
    redemption = await redeem(database, member_id, "coffee", "tap")

    async def use() -> Any:
        async with database.transaction() as tx:
            return await commands.use_redemption(tx, member_id, redemption.id, "store-1", NOW)

    outcomes = await asyncio.gather(*(use() for _ in range(10)), return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    with pytest.raises(errors.RedemptionNotHeld, match="used"):
        async with database.transaction() as tx:
            await commands.cancel_redemption(tx, PROGRAMME, member_id, redemption.id, NOW)
    assert await spendable(database, member_id) == 900


async def test_an_expired_reward_cannot_be_used(database: Database, admin: Any) -> None:
    """After its last day a held reward says it has expired, and is not listed as held."""
    member_id = await rich_member(database)
    redemption = await redeem(database, member_id, "coffee", "tap")
    later = Moment(redemption.usable_until)
    with pytest.raises(errors.RedemptionNotHeld, match="expired"):
        async with database.transaction() as tx:
            await commands.use_redemption(tx, member_id, redemption.id, None, later)
    assert await queries.list_held(database.reader, member_id, later.now) == []


@pytest.mark.parametrize(
    ("reward", "refusal"),
    [
        ("nothing", NotFound),
        ("german", errors.RewardNotForMember),
        ("past", errors.RewardNotOpen),
        ("coffee", InsufficientPoints),
    ],
)
async def test_refusals_leave_nothing_behind(
    database: Database, admin: Any, reward: str, refusal: type[Exception]
) -> None:
    """Whatever stops a redemption, no row, no stock and no unit is lost, and the key stays free."""
    member_id = await rich_member(database, 50)
    with pytest.raises(refusal):
        await redeem(database, member_id, reward, "tap")
    assert await spendable(database, member_id) == 50
    assert await admin.fetchval("SELECT count(*) FROM redemption") == 0
    assert await admin.fetchval("SELECT count(*) FROM request WHERE scope LIKE 'redeem:%'") == 0
    await redeem(database, member_id, "mug", "tap")


async def test_limits_hold_under_concurrency(database: Database, admin: Any) -> None:
    """One in all means one, however fast the taps; one a day means another tomorrow (on the programme's clock)."""
    member_id = await rich_member(database)
    outcomes = await asyncio.gather(
        *(redeem(database, member_id, "once", f"tap-{n}") for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, errors.RewardLimitReached) for outcome in outcomes) == 7
    await redeem(database, member_id, "daily", "a")
    with pytest.raises(errors.RewardLimitReached):
        await redeem(database, member_id, "daily", "b")
    after_midnight_in_rome = Moment(datetime(2026, 3, 14, 23, 0, tzinfo=UTC))
    await redeem(database, member_id, "daily", "b", after_midnight_in_rome)


async def test_the_catalogue_says_what_stops_the_member(database: Database, admin: Any) -> None:
    """Rewards for others are not shown; those shown say whether, and why not."""
    member_id = await rich_member(database, 50)
    facts = await find_facts(database.reader, PROGRAMME, member_id, NOW.now)
    assert facts is not None
    counts = await queries.counts_of(database.reader, PROGRAMME, member_id, NOW.now)
    seen = queries.catalogue(PROGRAMME, facts, None, counts, {"points": 50}, NOW.now)
    assert {offered.reward.key: offered.refusal for offered in seen} == {
        "daily": None, "code": "REWARD_OUT_OF_STOCK", "mug": None, "once": None, "coffee": "INSUFFICIENT_POINTS",
    }  # fmt: skip
    assert next(offered.missing for offered in seen if offered.reward.key == "coffee") == 50


async def test_redemptions_page_newest_first(database: Database, admin: Any) -> None:
    """Pages neither skip nor repeat."""
    member_id = await rich_member(database)
    for number in range(5):
        await redeem(database, member_id, "coffee", f"tap-{number}", Moment(NOW.now + timedelta(minutes=number)))
    first = await queries.list_redemptions(database.reader, member_id, NOW.now, 3)
    second = await queries.list_redemptions(database.reader, member_id, NOW.now, 3, first.cursors[-1])
    times = [redemption.redeemed_at for redemption in (*first.items, *second.items)]
    assert (first.has_next, second.has_next, len(times)) == (True, False, 5)
    assert times == sorted(times, reverse=True)
