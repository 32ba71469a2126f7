"""Claims: one per member while in hand, never more than there are, used once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from fedele.db.database import Database
from fedele.domains.offers import commands, errors, queries
from fedele.domains.offers.types import Claim
from fedele.domains.rewards.queries import list_held
from fedele.kernel.clock import Moment, Position
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme

NOW = Moment(datetime(2026, 3, 14, 10, 0, tzinfo=UTC))
PROGRAMME = make_programme(
    SMALL
    + """
places: [{key: mill, name: Mill, latitude: 45.0, longitude: 9.0}]
rewards: [{key: coffee, type: free_product, name: Coffee, cost: {currency: points, amount: 100}, skus: [c1], stock: 2}]
offers:
  - {key: plain, benefit: {type: bonus, currency: points, amount: 50}, creative: {title: T, body: B}}
  - {key: three, benefit: {type: discount_amount, value: 1.00}, limits: {total: 3}, creative: {title: T, body: B}}
  - {key: broke, benefit: {type: discount_amount, value: 2.00}, budget: {money: 5.00}, creative: {title: T, body: B}}
  - {key: gift, benefit: {type: reward, reward: coffee}, creative: {title: T, body: B}}
  - {key: there, benefit: {type: reward, reward: coffee}, where: {places: [mill]}, creative: {title: T, body: B}}
"""
)


async def claim(database: Database, member_id: MemberId, offer: str, moment: Moment = NOW) -> Claim:
    """Claim in a transaction of its own."""
    async with database.transaction() as tx:
        return await commands.claim_offer(tx, PROGRAMME, member_id, offer, moment)


async def test_concurrent_claims_of_one_member_are_one(database: Database, admin: Any) -> None:
    """Twenty taps give one claim, the same to all, and one event."""
    member_id = await enrolled(database)
    taken = await asyncio.gather(*(claim(database, member_id, "plain") for _ in range(20)))
    assert len(set(taken)) == 1
    assert await admin.fetchval("SELECT count(*) FROM offer_claim") == 1
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'offers.claimed'") == 1
    assert await queries.find_claim(database.reader, member_id, taken[0].id) == taken[0]


@pytest.mark.parametrize(("offer", "given"), [("three", 3), ("broke", 2)])
async def test_totals_and_budgets_are_hard_stops(database: Database, admin: Any, offer: str, given: int) -> None:
    """Twelve members at once: exactly as many claims as the number, or the money, allows."""
    members = [await enrolled(database) for _ in range(12)]
    outcomes = await asyncio.gather(*(claim(database, m, offer) for m in members), return_exceptions=True)
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == given
    assert sum(isinstance(outcome, errors.OfferExhausted) for outcome in outcomes) == 12 - given


async def test_a_gift_is_in_hand_at_once(database: Database, admin: Any) -> None:
    """Claiming an offer of a reward gives the reward for nothing; when its stock is gone nobody claims in vain."""
    members = [await enrolled(database) for _ in range(3)]
    first = await claim(database, members[0], "gift")
    (held,) = await list_held(database.reader, members[0], NOW.now)
    assert (held.reward_key, held.units, held.usable_until) == ("coffee", 0, first.usable_until)
    await claim(database, members[1], "gift")
    with pytest.raises(Exception, match="out of stock"):
        await claim(database, members[2], "gift")
    assert await admin.fetchval("SELECT count(*) FROM offer_claim") == 2


async def test_where_the_member_is_decides_again_at_the_claim(database: Database, admin: Any) -> None:
    """What the phone showed is not trusted: claiming from elsewhere is refused and leaves nothing."""
    member_id = await enrolled(database)
    for place in (None, Position(45.05, 9.0)):
        with pytest.raises(errors.OfferElsewhere):
            await claim(database, member_id, "there", NOW.at(place))
    assert await admin.fetchval("SELECT count(*) FROM offer_claim") == 0
    await claim(database, member_id, "there", NOW.at(Position(45.0, 9.0)))


async def test_nobody_and_nothing_cannot_be_claimed(database: Database, admin: Any) -> None:
    """An unknown offer, or an unknown member, is not found."""
    with pytest.raises(NotFound):
        await claim(database, await enrolled(database), "no-such-offer")
    with pytest.raises(NotFound):
        await claim(database, MemberId(new_id()), "plain")


async def test_a_claim_is_used_once_and_in_time(database: Database, admin: Any) -> None:
    """The sale's own call uses a claim up; a second sale, or a late one, is stopped and changes nothing."""
    member_id = await enrolled(database)
    taken = await claim(database, member_id, "plain")
    use = "SELECT offer_claims_use_v1($1, $2, $3, $4)"
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(use, member_id, [taken.id], new_id(), taken.usable_until)
    assert await queries.list_in_hand(database.reader, member_id, NOW.now) == [taken]
    await admin.execute(use, member_id, [taken.id], new_id(), NOW.now + timedelta(minutes=5))
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(use, member_id, [taken.id], new_id(), NOW.now + timedelta(minutes=6))
    assert await queries.list_in_hand(database.reader, member_id, NOW.now) == []
    with pytest.raises(errors.OfferLimitReached):
        await claim(database, member_id, "plain")
