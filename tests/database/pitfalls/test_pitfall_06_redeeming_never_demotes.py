"""Pitfall 6: a tier is counted apart from what can be spent."""

from fedele.db.database import Database
from fedele.domains.activity.types import Tender
from fedele.domains.checkout.commands import settle
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Burn
from fedele.domains.tiers.queries import status_of
from fedele.kernel.money import CurrencyKey
from tests.factories.members import enrolled
from tests.factories.till import PROGRAMME, at, basket, line, open_till

STARS = PROGRAMME.replace("counter: {type: spend}", "counter: {type: earned, currency: points}")


async def test_spending_every_point_leaves_a_tier_that_points_made(database: Database) -> None:
    """Gold by 300 points earned: redeemed to the last one, it is gold, and as near to the next as before."""
    till, member_id = await open_till(database, STARS), await enrolled(database)
    await settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    programme = await till.programmes.at(at().now)
    before = await status_of(database.reader, programme, member_id, at(hours=1))
    async with database.transaction() as tx:
        burn = Burn(scope="test", key="all", currency=CurrencyKey("points"), units=400)
        await post(tx, member_id, [burn], at(hours=1))
    after = await status_of(database.reader, programme, member_id, at(hours=1))
    assert before is not None
    assert before.current == "gold"
    assert after == before


async def test_the_part_paid_in_points_counts_for_no_tier(database: Database) -> None:
    """Paying with points neither lowers what was counted nor raises it."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(line(amount=29_900), member_id=member_id), "near", at())
    paid = basket(line(amount=200), member_id=member_id, tenders=(Tender("points", 200),), confirmation="known")
    await settle(till, paid, "paid", at(hours=1))
    status = await status_of(database.reader, await till.programmes.at(at().now), member_id, at(hours=2))
    assert status is not None
    assert (status.current, status.counted) == ("blue", 29_900)
