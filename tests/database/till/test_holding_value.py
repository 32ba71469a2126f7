"""Value put aside for a basket: kept from every other basket, used by its own, given back when it runs out."""

import asyncio
import dataclasses
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.checkout import commands, queries
from fedele.domains.checkout.errors import StoreForbidden
from fedele.domains.checkout.types import HoldRequest
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.ledger.queries import verify
from fedele.domains.members.commands import erase
from fedele.domains.members.events import MemberErased
from fedele.domains.rewards.queries import list_held
from fedele.domains.till.commands import release_due
from fedele.domains.till.errors import HoldEmpty, HoldNotOpen, RewardNotUsable, RotatingCodeUsed, SecondFactNeeded
from fedele.domains.till.handlers import handlers
from fedele.domains.till.queries import find_hold
from fedele.kernel.ids import StoreId, new_id
from fedele.kernel.refusal import InvalidInput, KeyReused
from tests.factories.till import STORE, at, basket, line, paid_with_points, rotating_code_of
from tests.factories.till_spending import card_of, open_spending_till, points_of, shopper, with_reward

CONFIRMED = "Showed an ID"


def asked(**more: Any) -> HoldRequest:
    """A hold in the test store, allowed by a cashier."""
    return HoldRequest(**({"store_id": STORE, "confirmation": CONFIRMED} | more))


async def test_held_units_are_nobody_elses_and_pay_their_own_basket(database: Database) -> None:
    """400 of 1,000 put aside: another till finds 600; the basket pays with the 400 and needs no second fact."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    held = await commands.hold(till, asked(member_id=member_id, units={"points": 400}), "hold", at())
    assert await points_of(till, member_id) == (600, 400)
    greedy = basket(line(amount=2000), member_id=member_id, tenders=paid_with_points(700, 1300), confirmation=CONFIRMED)
    with pytest.raises(InsufficientPoints):
        await commands.settle(till, greedy, "other", at())
    own = basket(line(amount=1000), member_id=member_id, hold=held.id, tenders=paid_with_points(400, 600))
    settled = await commands.settle(till, own, "own", at())
    assert settled.burned == {"points": 400}
    assert await points_of(till, member_id) == (606, 0)
    with pytest.raises(HoldNotOpen):
        await commands.settle(till, dataclasses.replace(own, receipt="again"), "again", at())
    assert await commands.settle(till, own, "own", at()) == settled
    assert await verify(database.reader) == []


async def test_what_the_basket_does_not_need_goes_back(database: Database) -> None:
    """A basket that pays with less than was put aside gives the rest back in the same moment."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    held = await commands.hold(till, asked(member_id=member_id, units={"points": 400}), "hold", at())
    own = basket(line(amount=1000), member_id=member_id, hold=held.id, tenders=paid_with_points(100, 900))
    await commands.settle(till, own, "own", at())
    assert await points_of(till, member_id) == (1000 - 100 + 9, 0)


async def test_more_than_was_held_needs_a_second_fact_again(database: Database) -> None:
    """The hold allows what it holds and no more."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    held = await commands.hold(till, asked(member_id=member_id, units={"points": 100}), "hold", at())
    more = basket(line(amount=1000), member_id=member_id, hold=held.id, tenders=paid_with_points(200, 800))
    with pytest.raises(SecondFactNeeded):
        await commands.settle(till, more, "more", at())
    assert await points_of(till, member_id) == (900, 100)


async def test_a_hold_runs_out_and_everything_goes_back(database: Database) -> None:
    """After its minutes a hold pays nothing; the job gives units and bought rewards back, once."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    wanted = asked(member_id=member_id, units={"points": 100}, redeem=("five-off",), minutes=15)
    held = await commands.hold(till, wanted, "hold", at())
    assert await points_of(till, member_id) == (400, 100)
    assert await release_due(database, till.programmes.at, at(hours=0.2)) == 0
    late = at(hours=0.3)
    own = basket(line(amount=1000), member_id=member_id, hold=held.id, tenders=paid_with_points(100, 900))
    with pytest.raises(HoldNotOpen):
        await commands.settle(till, own, "late", late)
    assert await release_due(database, till.programmes.at, late) == 1
    assert await release_due(database, till.programmes.at, late) == 0
    assert await points_of(till, member_id) == (1000, 0)
    assert await list_held(database.reader, member_id, late.now) == []
    assert await verify(database.reader) == []


async def test_a_hold_that_ran_out_keeps_nothing_from_the_next(database: Database) -> None:
    """All 1,000 points and the reward were put aside and never used: a minute after the end, before any job has run,
    another hold takes the points; of another member a sale spends points and reward at once."""
    till = await open_spending_till(database)
    late = at(hours=0.3)
    holder, buyer = await shopper(till, 1000), await shopper(till, 1000)
    await commands.hold(till, asked(member_id=holder, units={"points": 1000}, minutes=15), "first", at())
    again = await commands.hold(till, asked(member_id=holder, units={"points": 1000}, minutes=15), "second", late)
    assert again.by_currency() == {"points": 1000}
    reward = await with_reward(till, buyer)
    kept = asked(member_id=buyer, units={"points": 1000}, rewards=(reward,), minutes=15)
    await commands.hold(till, kept, "third", at())
    own = basket(
        line(amount=2500), member_id=buyer, rewards=(reward,), discounts="apply", tenders=paid_with_points(1000, 1000),
        confirmation=CONFIRMED,
    )  # fmt: skip
    settled = await commands.settle(till, own, "own", late)
    assert (settled.burned, settled.rewards_used) == ({"points": 1000}, (reward,))
    assert await release_due(database, till.programmes.at, late) == 0
    assert await verify(database.reader) == []


async def test_a_hold_that_cannot_be_released_keeps_no_other(database: Database, admin: Any) -> None:
    """One hold's ledger transaction is not to be found: the holds behind it are released all the same."""
    till = await open_spending_till(database)
    broken, sound = await shopper(till, 100), await shopper(till, 100)
    first = await commands.hold(till, asked(member_id=broken, units={"points": 100}, minutes=1), "first", at())
    await commands.hold(till, asked(member_id=sound, units={"points": 100}, minutes=2), "second", at())
    await admin.execute(
        "UPDATE till_hold SET units = jsonb_set(units, '{0,transaction_id}', to_jsonb(gen_random_uuid()))"
        " WHERE hold_id = $1",
        first.id,
    )
    assert await release_due(database, till.programmes.at, at(hours=1)) == 1
    assert await points_of(till, sound) == (100, 0)
    assert (await find_hold(database.reader, broken, first.id, at().now)).status == "open"  # type: ignore[union-attr]


async def test_a_reward_bought_at_the_till_is_used_by_its_basket(database: Database) -> None:
    """500 points become five euro off in the same visit, line by line."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    held = await commands.hold(till, asked(member_id=member_id, redeem=("five-off",)), "hold", at())
    own = basket(line(1, 1000), line(2, 500), member_id=member_id, hold=held.id, discounts="apply")
    settled = await commands.settle(till, own, "own", at())
    assert (settled.total_minor, settled.saved_minor) == (1000, 500)
    assert dict(settled.discounts[0].lines) == {1: 333, 2: 167}
    assert await points_of(till, member_id) == (500 + 10, 0)
    assert await list_held(database.reader, member_id, at().now) == []


async def test_a_kept_reward_is_no_other_baskets(database: Database) -> None:
    """Held for one basket, a reward is not shown nor taken for another; released, it is in hand again."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    reward = await with_reward(till, member_id)
    held = await commands.hold(till, asked(member_id=member_id, rewards=(reward,)), "hold", at())
    other = basket(line(amount=900), member_id=member_id, rewards=(reward,), confirmation=CONFIRMED)
    with pytest.raises(RewardNotUsable):
        await commands.settle(till, other, "other", at())
    for kept in (reward, await with_reward(till, member_id, "elsewhere")):
        with pytest.raises(RewardNotUsable):
            await commands.hold(till, asked(member_id=member_id, rewards=(kept,)), f"hold {kept}", at())
    assert (await queries.scan(till, await card_of(till, member_id), STORE, at())).held == ()
    released = await commands.release(till, STORE, member_id, held.id, at())
    assert released.status == "released"
    assert await commands.release(till, STORE, member_id, held.id, at()) == released
    assert len((await queries.scan(till, await card_of(till, member_id), STORE, at())).held) == 1
    await commands.settle(till, other, "other", at())


async def test_one_hold_or_settle_of_a_reward_wins_among_64(database: Database) -> None:
    """32 holds and 32 sales of one reward at once: it is kept or used exactly once."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    reward = await with_reward(till, member_id)

    async def attempt(number: int) -> bool:
        try:
            if number % 2:
                await commands.hold(till, asked(member_id=member_id, rewards=(reward,)), f"hold-{number}", at())
            else:
                sold = basket(line(amount=900), member_id=member_id, rewards=(reward,), confirmation=CONFIRMED)
                await commands.settle(till, sold, f"sale-{number}", at())
        except RewardNotUsable:
            return False
        return True

    outcomes = await asyncio.gather(*(attempt(number) for number in range(64)))
    assert outcomes.count(True) == 1


async def test_a_repeated_hold_is_the_first_one(database: Database, admin: Any) -> None:
    """A till that lost the reply asks again, also when the app's code has run out: one hold, the same answer."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    code = await rotating_code_of(database, member_id, at())
    wanted = HoldRequest(store_id=STORE, card=code, units={"points": 400})
    held = await commands.hold(till, wanted, "hold", at())
    assert held.fact == "rotating_code"
    assert await commands.hold(till, wanted, "hold", at(hours=0.1)) == held
    with pytest.raises(KeyReused):
        await commands.hold(till, dataclasses.replace(wanted, units={"points": 1}), "hold", at())
    with pytest.raises(RotatingCodeUsed):
        await commands.hold(till, wanted, "another", at())
    assert await admin.fetchval("SELECT count(*) FROM till_hold") == 1
    assert await points_of(till, member_id) == (600, 400)


async def test_one_key_sent_by_32_tills_holds_once(database: Database, admin: Any) -> None:
    """The same hold 32 times at once: one, and everybody hears the same; the code is used up once."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    wanted = HoldRequest(
        store_id=STORE,
        card=await rotating_code_of(database, member_id, at()),
        units={"points": 400},
        redeem=("coffee",),
    )
    answers = await asyncio.gather(*(commands.hold(till, wanted, "one", at()) for _ in range(32)))
    assert len({repr(answer) for answer in answers}) == 1
    assert await points_of(till, member_id) == (1000 - 400 - 200, 400)
    for table in ("till_hold", "till_hold_reward", "rotating_code_use"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 1


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({}, HoldEmpty),
        ({"units": {"points": 0}}, InvalidInput),
        ({"units": {"pears": 5}}, InvalidInput),
        ({"units": {"points": 5000}}, InsufficientPoints),
        ({"units": {"points": 5}, "minutes": 121}, InvalidInput),
        ({"rewards": (new_id(),)}, RewardNotUsable),
        ({"units": {"points": 5}, "confirmation": None}, SecondFactNeeded),
    ],
    ids=["nothing", "no units", "no currency", "more than there is", "too long", "no such reward", "no second fact"],
)
async def test_a_bad_hold_writes_nothing(database: Database, admin: Any, more: dict[str, Any], refusal: type) -> None:
    """Refused, and neither the ledger nor the holds have a row more."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    with pytest.raises(refusal):
        await commands.hold(till, asked(**({"member_id": member_id} | more)), "hold", at())
    for table in ("till_hold", "till_hold_reward", "spend_authorisation"):
        assert await admin.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await points_of(till, member_id) == (1000, 0)


async def test_another_stores_till_neither_uses_nor_releases_it(database: Database) -> None:
    """A hold belongs to the store that made it."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    held = await commands.hold(till, asked(member_id=member_id, units={"points": 400}), "hold", at())
    with pytest.raises(StoreForbidden):
        await commands.release(till, StoreId("store-2"), member_id, held.id, at())
    stolen = basket(
        line(amount=1000), store_id=StoreId("store-2"), member_id=member_id, hold=held.id,
        tenders=paid_with_points(400, 600),
    )  # fmt: skip
    with pytest.raises(HoldNotOpen):
        await commands.settle(till, stolen, "stolen", at())


async def test_units_that_expire_while_the_customer_packs_still_pay(database: Database, admin: Any) -> None:
    """Put aside before their end, units pay within the hold's time: the till promised them."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    held = await commands.hold(till, asked(member_id=member_id, units={"points": 400}), "hold", at())
    ends_at = at(hours=0.05).now
    await admin.execute("UPDATE lot SET expires_at = $1", ends_at)
    own = basket(line(amount=1000), member_id=member_id, hold=held.id, tenders=paid_with_points(400, 600))
    settled = await commands.settle(till, own, "own", at(hours=0.1))
    assert settled.burned == {"points": 400}


async def test_erasure_gives_back_and_forgets(database: Database, admin: Any) -> None:
    """The erased member's holds are released and the cashier's words about them are gone."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    held = await commands.hold(till, asked(member_id=member_id, units={"points": 400}), "hold", at())
    async with database.transaction() as tx:
        await erase(tx, member_id, at())
    (handler,) = handlers(database, till.programmes.at, at)
    await handler.run(MemberErased(member_id=member_id, occurred_at=at().now), new_id())
    found = await find_hold(database.reader, member_id, held.id, at().now)
    assert found is not None
    assert found.status == "released"
    assert await admin.fetchval("SELECT count(*) FROM spend_authorisation") == 0
    assert await points_of(till, member_id) == (1000, 0)
