"""What each kind of reward does when it is taken, priced, limited, sent, drawn, used in a purchase and forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from fedele.db.database import Database
from fedele.domains.activity.types import Line
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member, list_lots, verify
from fedele.domains.rewards import commands, errors, queries
from fedele.domains.rewards.commands.shelf import warn_of_low_pools
from fedele.domains.rewards.events import RedemptionReopened, RedemptionUsed
from fedele.domains.rewards.types import Delivery, Redemption
from fedele.domains.segments.queries import find_facts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound
from tests.factories.ledger import earn
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme

NOW = Moment(datetime(2026, 3, 14, 10, 0, tzinfo=UTC))
HOME = Delivery("Anna Rossi", "Via Roma 1", "Torino", "IT", "10121")
PROGRAMME = make_programme(
    SMALL
    + """
rewards:
  - {key: bonus, type: units, name: Points, cost: {currency: points, amount: 0}, gives: {currency: points, amount: 250},
     choice_group: {key: birthday, per: year}}
  - {key: gift, type: free_product, name: Gift, cost: {currency: points, amount: 0},
     choice_group: {key: birthday, per: year}}
  - {key: meal, type: donation, name: Meal, cost: {currency: points, amount: 100}, cause: food-bank, value: 1.50}
  - {key: hat, type: physical_gift, name: Hat, cost: {currency: points, amount: 100}, stock: 5, ships_to: [IT, SM]}
  - {key: draw, type: sweepstake_entry, name: Draw, cost: {currency: points, amount: 10}, winners: 2, prize: card,
     dates: {ends: 2026-03-31}}
  - {key: card, type: gift_card, name: Card, value: 10, codes: pool, pool_low_at: 3}
  - {key: concert, type: experience, name: Concert, cost: {currency: points, amount: 10},
     starts_at: '2026-07-01T20:30', prefix: C}
  - {key: visits, type: early_access, name: Early, access: drop, cost: {currency: points, amount: 10},
     requires: [{key: two-purchases, when: member.purchases_count >= 2,
                 reason: {en: After your second visit, it: Dopo la seconda visita}}]}
  - {key: cheap, type: custom, name: Cheap, cost: {currency: points, amount: 100},
     prices: [{when: member.balances.points >= 500.0, amount: 60, name: Rich},
              {when: member.purchases_count > 99, amount: 1}, {amount: 90, name: Sale}]}
  - {key: monthly, type: free_shipping, name: Monthly, cost: {currency: points, amount: 1},
     limits: [{per: month, times_max: 2}]}
  - {key: five, type: discount_amount, name: Five, value: 5, cost: {currency: points, amount: 10}, places: [torino]}
  - {key: kept, type: discount_amount, name: Kept, value: 5, cost: {currency: points, amount: 10}, on_return: keep}
places:
  - {key: torino, name: Torino, latitude: 45, longitude: 7}
"""
)


async def member_with(database: Database, units: int = 1000) -> MemberId:
    """A member with so many points."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(units, expires_at=NOW.now + timedelta(days=400))], NOW)
    return member_id


async def redeem(
    database: Database, member_id: MemberId, reward: str, moment: Moment = NOW, delivery: Delivery | None = None
) -> Redemption:
    """One tap."""
    return await commands.redeem(database, PROGRAMME, member_id, reward, str(new_id()), moment, delivery)


async def spendable(database: Database, member_id: MemberId) -> int:
    """What the member can spend."""
    return (await balances_by_member(database.reader, [member_id], NOW.now))[member_id][0].available


async def test_a_gift_or_points_once_a_year(database: Database, admin: Any) -> None:
    """Sephora's birthday: the points at once, as a lot of their own; then neither again, until the next year."""
    member_id = await member_with(database, 10)
    taken = await redeem(database, member_id, "bonus")
    assert (taken.status, taken.units, await spendable(database, member_id)) == ("used", 0, 260)
    assert [lot.source for lot in await list_lots(database.reader, member_id)].count("reward") == 1
    for reward in ("gift", "bonus"):
        with pytest.raises(errors.RewardChoiceMade):
            await redeem(database, member_id, reward)
    await redeem(database, member_id, "gift", Moment(datetime(2027, 1, 1, 10, tzinfo=UTC)))
    assert await verify(database.reader) == []


async def test_a_choice_is_made_once_under_concurrency(database: Database, admin: Any) -> None:
    """Eight taps on both alternatives at once: one of them is taken."""
    member_id = await member_with(database)
    outcomes = await asyncio.gather(
        *(redeem(database, member_id, reward) for reward in ("bonus", "gift") * 4), return_exceptions=True
    )
    assert sum(isinstance(outcome, Redemption) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, errors.RewardChoiceMade) for outcome in outcomes) == 7


async def test_a_donation_is_final_and_told_to_the_books(database: Database, admin: Any) -> None:
    """A hundred points become a meal of 1.50; it cannot be taken back."""
    member_id = await member_with(database)
    taken = await redeem(database, member_id, "meal")
    told = await admin.fetchval("SELECT payload FROM outbox WHERE kind = 'rewards.donated'")
    assert (told["cause"], told["value_minor"], told["money"], told["units"]) == ("food-bank", 150, "EUR", 100)
    with pytest.raises(errors.RedemptionNotHeld):
        async with database.transaction() as tx:
            await commands.cancel_redemption(tx, PROGRAMME, member_id, taken.id, NOW)


async def test_a_gift_is_ordered_with_an_address_and_sent(database: Database, admin: Any) -> None:
    """Ordered, listed for sending, sent with its tracking; then it is used and cannot be cancelled."""
    member_id = await member_with(database)
    hat = await redeem(database, member_id, "hat", delivery=HOME)
    assert (hat.status, hat.fulfilment) == ("held", "ordered")
    later = Moment(NOW.now + timedelta(days=60))  # an order does not expire while it waits
    ((waiting, to),) = await queries.list_ordered(database.reader, later.now, 10)
    assert (waiting.id, waiting.status, to) == (hat.id, "held", HOME)
    assert await queries.held_usable(database.reader, PROGRAMME, member_id, None, NOW.now) == []
    for _ in range(2):
        async with database.transaction() as tx:
            sent = await commands.fulfil_redemption(tx, member_id, hat.id, "1Z", later)
        assert (sent.status, sent.fulfilment, sent.tracking) == ("used", "sent", "1Z")
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'rewards.sent'") == 1
    assert await queries.list_ordered(database.reader, later.now, 10) == []
    with pytest.raises(errors.RedemptionNotHeld):
        async with database.transaction() as tx:
            await commands.cancel_redemption(tx, PROGRAMME, member_id, hat.id, later)


@pytest.mark.parametrize(
    ("reward", "delivery", "refusal"),
    [
        ("hat", None, errors.DeliveryNeeded),
        ("hat", Delivery("Anna", "Main St 1", "Boston", "US"), errors.DeliveryNeeded),
        ("hat", Delivery(" ", "Via Roma 1", "Torino", "IT"), errors.DeliveryNeeded),
        ("hat", Delivery("A" * 201, "Via Roma 1", "Torino", "IT"), InvalidInput),
        ("meal", HOME, InvalidInput),
    ],
)
async def test_a_gift_that_cannot_be_sent_costs_nothing(
    database: Database, admin: Any, reward: str, delivery: Delivery | None, refusal: type[Exception]
) -> None:
    """Without an address, or to where it is not sent: refused, and no point, no hat and no reservation is gone."""
    member_id = await member_with(database)
    with pytest.raises(refusal):
        await redeem(database, member_id, reward, delivery=delivery)
    assert await spendable(database, member_id) == 1000
    assert await admin.fetchval("SELECT coalesce(sum(taken), 0) FROM reward_stock") == 0
    assert await admin.fetchval("SELECT count(*) FROM reward_reservation") == 0


async def test_a_cancelled_order_forgets_the_address(database: Database, admin: Any) -> None:
    """The price and the hat return, and nothing says any more where Anna lives."""
    member_id = await member_with(database)
    hat = await redeem(database, member_id, "hat", delivery=HOME)
    async with database.transaction() as tx:
        await commands.cancel_redemption(tx, PROGRAMME, member_id, hat.id, NOW)
    assert await spendable(database, member_id) == 1000
    assert await admin.fetchval("SELECT taken FROM reward_stock WHERE reward_key = 'hat'") == 0
    assert await admin.fetchval("SELECT count(*) FROM redemption_delivery") == 0


async def test_a_gift_that_was_given_waits_for_an_address(database: Database, admin: Any) -> None:
    """A hat that staff gave is ordered once its member says where to."""
    member_id = await member_with(database)
    async with database.transaction() as tx:
        hat = await commands.give_reward(tx, PROGRAMME, member_id, "hat", new_id(), None, NOW, "staff")
    assert (hat.fulfilment, hat.currency, hat.units) == (None, "points", 0)
    async with database.transaction() as tx:
        ordered = await commands.order_delivery(tx, PROGRAMME, member_id, hat.id, HOME, NOW)
    assert ordered.fulfilment == "ordered"
    with pytest.raises(errors.RedemptionNotHeld):
        async with database.transaction() as tx:
            await commands.order_delivery(tx, PROGRAMME, member_id, hat.id, HOME, NOW)


async def test_erasure_leaves_no_address(database: Database, admin: Any) -> None:
    """The export shows where the hat goes; after erasure no address is left, and no entry in an open draw."""
    member_id = await member_with(database)
    await redeem(database, member_id, "hat", delivery=HOME)
    await redeem(database, member_id, "draw")
    exported = await queries.export_personal_data(database.reader, member_id)
    assert "Anna Rossi" in str(exported)
    async with database.transaction() as tx:
        await commands.forget_member(tx, member_id, NOW)
    assert "Anna" not in str(await queries.export_personal_data(database.reader, member_id))
    assert await queries.list_entries(database.reader, "draw") == []


async def test_a_draw_numbers_its_entries_and_is_made_once(database: Database, admin: Any) -> None:
    """Thirty members enter at once: numbers 1 to 30. After the last day two win a card; a second draw is the first."""
    async with database.transaction() as tx:
        await commands.add_codes(tx, "card", [f"CARD-{number}" for number in range(5)])
    members = [await member_with(database, 20) for _ in range(30)]
    entered = await asyncio.gather(*(redeem(database, member, "draw") for member in members))
    assert sorted(one.entry_number or 0 for one in entered) == list(range(1, 31))
    with pytest.raises(errors.DrawNotPossible):
        await commands.draw_sweepstake(database, PROGRAMME, "draw", "seed", "staff", NOW)
    after = Moment(datetime(2026, 4, 1, 10, tzinfo=UTC))
    entries = await queries.list_entries(database.reader, "draw")
    drawn = await asyncio.gather(
        *(commands.draw_sweepstake(database, PROGRAMME, "draw", f"seed-{n}", "staff", after) for n in range(4))
    )
    (draw,) = {(one.seed, tuple(one.winners)) for one in drawn}
    assert draw[1] == queries.winners_of(entries, draw[0], 2, one_per_member=True)
    winners = {entry.member_id for entry in entries if entry.number in {one.number for one in draw[1]}}
    held = await admin.fetch("SELECT member_id, source FROM redemption WHERE reward_key = 'card'")
    assert {(row["member_id"], row["source"]) for row in held} == {(member, "draw") for member in winners}
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'rewards.won'") == 2
    with pytest.raises(errors.RewardNotOpen):
        await redeem(database, members[0], "draw", after)


async def test_a_draw_that_died_half_way_is_finished_by_the_next_call(database: Database, admin: Any) -> None:
    """The draw is recorded and nobody was told (no card was left): with cards, a repeated call gives both prizes."""
    members = [await member_with(database, 20) for _ in range(3)]
    for member in members:
        await redeem(database, member, "draw")
    after = Moment(datetime(2026, 4, 1, 10, tzinfo=UTC))
    with pytest.raises(errors.RewardOutOfStock):
        await commands.draw_sweepstake(database, PROGRAMME, "draw", "seed", "staff", after)
    async with database.transaction() as tx:
        await commands.add_codes(tx, "card", ["A", "B"])
    again = await commands.draw_sweepstake(database, PROGRAMME, "draw", "another", "staff", after)
    assert (again.seed, len(again.winners)) == ("seed", 2)
    assert await admin.fetchval("SELECT count(*) FROM redemption WHERE reward_key = 'card'") == 2


async def test_a_stake_is_not_given_back_once_it_was_drawn(database: Database, admin: Any) -> None:
    """Before the draw a member may leave it, where the programme says so; after it the losers' units are gone."""
    programme = make_programme(
        SMALL
        + """
rewards:
  - {key: draw, type: sweepstake_entry, name: Draw, cost: {currency: points, amount: 10}, winners: 1, cancellable: true}
"""
    )
    members = [await member_with(database, 20) for _ in range(3)]
    entered = [await commands.redeem(database, programme, member, "draw", str(new_id()), NOW) for member in members]

    async def leaves(place: int) -> None:
        async with database.transaction() as tx:
            await commands.cancel_redemption(tx, programme, members[place], entered[place].id, NOW)

    await leaves(0)
    assert await spendable(database, members[0]) == 20
    draw = await commands.draw_sweepstake(database, programme, "draw", "seed", "staff", NOW)
    loser = next(place for place in (1, 2) if entered[place].entry_number != draw.winners[0].number)
    with pytest.raises(errors.RedemptionFinal):
        await leaves(loser)
    assert await spendable(database, members[loser]) == 10


async def test_a_draw_passes_over_a_winner_whom_staff_have_revoked(database: Database, admin: Any) -> None:
    """No card was left, a winner's entry was revoked meanwhile: the repeated call still gives the other their prize."""
    for member in [await member_with(database, 20) for _ in range(2)]:
        await redeem(database, member, "draw")
    after = Moment(datetime(2026, 4, 1, 10, tzinfo=UTC))
    with pytest.raises(errors.RewardOutOfStock):
        await commands.draw_sweepstake(database, PROGRAMME, "draw", "seed", "staff", after)
    async with database.transaction() as tx:
        await commands.add_codes(tx, "card", ["A", "B"])
        (first, *_) = await queries.list_entries(tx, "draw")
        await commands.revoke_redemption(tx, first.member_id, first.redemption_id, "staff", after, PROGRAMME)
    assert len((await commands.draw_sweepstake(database, PROGRAMME, "draw", "seed", "staff", after)).winners) == 2
    assert await admin.fetchval("SELECT count(*) FROM redemption WHERE reward_key = 'card'") == 1


async def test_draws_that_cannot_be_made_say_why(database: Database, admin: Any) -> None:
    """No such draw, no entries, an empty seed."""
    after = Moment(datetime(2026, 4, 1, 10, tzinfo=UTC))
    for reward, seed, refusal in (
        ("hat", "s", NotFound),
        ("draw", "s", errors.DrawNotPossible),
        ("draw", "", InvalidInput),
    ):
        with pytest.raises(refusal):
            await commands.draw_sweepstake(database, PROGRAMME, reward, seed, "staff", after)
    assert await admin.fetchval("SELECT count(*) FROM sweepstake_draw") == 0


async def test_a_ticket_is_good_until_its_evening_is_over(database: Database, admin: Any) -> None:
    """Bought in March for 1 July, used until midnight in Rome, with a code of its own prefix."""
    ticket = await redeem(database, await member_with(database), "concert")
    assert (ticket.usable_until, ticket.code[:2]) == (datetime(2026, 7, 1, 22, tzinfo=UTC), "C-")


async def test_a_requirement_is_told_in_words(database: Database, admin: Any) -> None:
    """The reward is shown, refused with the programme's own reason in the member's language, and costs nothing."""
    member_id = await enrolled(database, locale="it-IT")
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(50)], NOW)
    with pytest.raises(errors.RewardRequirementUnmet, match="Dopo la seconda visita") as refused:
        await redeem(database, member_id, "visits")
    assert refused.value.details["requirement"] == "two-purchases"
    seen = {one.reward.key: one for one in await _catalogue(database, member_id, 50)}
    assert seen["visits"].refusal == "REWARD_REQUIREMENT_UNMET"
    assert await spendable(database, member_id) == 50


async def test_the_best_price_that_holds_is_paid_and_named(database: Database, admin: Any) -> None:
    """Who has 500 points pays 60, everybody else the sale's 90; the usual price is told beside it."""
    for units, price, name in ((1000, 60, "Rich"), (200, 90, "Sale")):
        member_id = await member_with(database, units)
        (seen,) = [one for one in await _catalogue(database, member_id, units) if one.reward.key == "cheap"]
        assert (seen.units, seen.asked.usual, seen.asked.name and seen.asked.name.in_locale("en")) == (price, 100, name)
        assert (await redeem(database, member_id, "cheap")).units == price
        assert await spendable(database, member_id) == units - price


async def _catalogue(database: Database, member_id: MemberId, units: int) -> Any:
    facts = await find_facts(database.reader, PROGRAMME, member_id, NOW.now)
    assert facts is not None
    counts = await queries.counts_of(database.reader, PROGRAMME, member_id, NOW.now)
    return queries.catalogue(PROGRAMME, facts, None, counts, {"points": units}, NOW.now)


async def test_a_limit_follows_the_calendar_and_gifts_do_not_count(database: Database, admin: Any) -> None:
    """Two in March, none more; one in April. What staff gave in March does not count."""
    member_id = await member_with(database)
    async with database.transaction() as tx:
        await commands.give_reward(tx, PROGRAMME, member_id, "monthly", new_id(), None, NOW, "staff")
    for _ in range(2):
        await redeem(database, member_id, "monthly")
    with pytest.raises(errors.RewardLimitReached):
        await redeem(database, member_id, "monthly", Moment(datetime(2026, 3, 31, 21, 59, tzinfo=UTC)))
    await redeem(database, member_id, "monthly", Moment(datetime(2026, 3, 31, 22, 1, tzinfo=UTC)))  # April in Rome


async def test_what_is_not_sold_cannot_be_bought(database: Database, admin: Any) -> None:
    """A reward without a price is shown to nobody, refused to who names it, and can be given; low pools are told."""
    member_id = await member_with(database)
    with pytest.raises(errors.RewardNotForMember):
        await redeem(database, member_id, "card")
    assert "card" not in {one.reward.key for one in await _catalogue(database, member_id, 1000)}
    assert await warn_of_low_pools(database, PROGRAMME) == ["card"]
    async with database.transaction() as tx:
        await commands.add_codes(tx, "card", list("ABCDE"))
        given = await commands.give_reward(tx, PROGRAMME, member_id, "card", new_id(), None, NOW, "staff")
    assert (given.code, given.units, given.currency) == ("A", 0, None)
    assert await warn_of_low_pools(database, PROGRAMME) == []
    (shelf,) = [one for one in await queries.shelves(database.reader, PROGRAMME) if one.reward.key == "card"]
    assert (shelf.codes_free, shelf.codes_given, shelf.left, shelf.low) == (4, 1, 4, False)


async def test_a_seen_code_is_not_given_back(database: Database, admin: Any) -> None:
    """A voucher whose code was read cannot be cancelled by its member; staff can revoke it, whatever it is."""
    async with database.transaction() as tx:
        await commands.add_codes(tx, "card", ["A", "B"])
    member_id = await member_with(database)
    async with database.transaction() as tx:
        card = await commands.give_reward(tx, PROGRAMME, member_id, "card", new_id(), None, NOW, "staff")
    with pytest.raises(errors.RedemptionFinal):
        async with database.transaction() as tx:
            await commands.cancel_redemption(tx, PROGRAMME, member_id, card.id, NOW)
    async with database.transaction() as tx:
        assert (await commands.revoke_redemption(tx, member_id, card.id, "staff: wrong", NOW)).status == "cancelled"
    assert await admin.fetchval("SELECT count(*) FROM reward_code WHERE redemption_id IS NULL") == 1  # B alone


async def test_staff_add_to_the_shelf_with_a_reason(database: Database, admin: Any) -> None:
    """Five hats and two more are seven; more than is left cannot be taken off; nothing is changed without a reason."""
    members = [await member_with(database, 100) for _ in range(8)]

    async def adjust(units: int, reason: str = "Delivery") -> None:
        async with database.transaction() as tx:
            await commands.adjust_stock(tx, PROGRAMME, "hat", units, reason, "key-1", NOW)

    await adjust(2)
    outcomes = await asyncio.gather(
        *(redeem(database, member, "hat", delivery=HOME) for member in members), return_exceptions=True
    )
    assert sum(isinstance(outcome, Redemption) for outcome in outcomes) == 7
    for units, reason in ((-1, "Lost"), (1, " "), (0, "Nothing")):
        with pytest.raises(InvalidInput):
            await adjust(units, reason)
    assert await admin.fetchval("SELECT count(*) FROM reward_stock_change") == 1


async def use_in(
    database: Database, member_id: MemberId, redemptions: list[UUID], purchase_id: UUID, discounts: Any
) -> None:
    """What the sale's own call does."""
    async with database.transaction() as tx:
        await tx.execute(
            "SELECT redemption_use_v1($1, $2, 'torino', $3, $4, $5)",
            member_id, redemptions, purchase_id, NOW.now, discounts,
        )  # fmt: skip


async def test_a_purchase_uses_rewards_and_gives_them_back(database: Database, admin: Any) -> None:
    """Used with what they took off; again: the sale fails whole; returned: held for the time they had left."""
    member_id, purchase_id = await member_with(database), new_id()
    five, kept = await redeem(database, member_id, "five"), await redeem(database, member_id, "kept")
    discounts = {str(five.id): {"1": 333, "2": 167}, str(kept.id): {"1": 500, "2": 0}}
    await use_in(database, member_id, [five.id, kept.id], purchase_id, discounts)
    uses = await queries.uses_of_purchase(database.reader, member_id, purchase_id)
    assert {use.reward_key: use.lines for use in uses} == {"five": {1: 333, 2: 167}, "kept": {1: 500}}
    with pytest.raises(asyncpg.RestrictViolationError):
        await use_in(database, member_id, [five.id], new_id(), {})
    back = {1: Decimal(1), 2: Decimal(1)}
    reopened = queries.reopened_by(uses, back, back)
    later = NOW.now + timedelta(days=25)
    async with database.transaction() as tx:
        count = await tx.fetch_value(
            "SELECT redemption_reopen_v1($1, $2, $3, $4)",
            member_id, purchase_id, [use.redemption_id for use in reopened], later,
        )  # fmt: skip
    assert count == 1
    again = await queries.find_redemption(database.reader, member_id, five.id, later)
    assert again is not None
    assert (again.status, again.usable_until) == ("held", later + (five.usable_until - NOW.now))
    for kind, event in (("rewards.used", RedemptionUsed), ("rewards.reopened", RedemptionReopened)):
        payload = await admin.fetchval("SELECT payload FROM outbox WHERE kind = $1 LIMIT 1", kind)
        assert event.from_payload(payload).member_id == member_id


async def test_ten_tills_use_one_reward(database: Database, admin: Any) -> None:
    """Ten sales reach for the same reward at once: one gets it."""
    member_id = await member_with(database)
    five = await redeem(database, member_id, "five")
    outcomes = await asyncio.gather(
        *(use_in(database, member_id, [five.id], new_id(), {str(five.id): {"1": 500}}) for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, asyncpg.RestrictViolationError) for outcome in outcomes) == 9
    assert await admin.fetchval("SELECT count(*) FROM redemption_discount") == 1


async def test_a_till_sees_what_can_be_used_there(database: Database, admin: Any) -> None:
    """The five belongs to Torino; elsewhere it is not shown; what has expired is shown nowhere."""
    member_id = await member_with(database)
    await redeem(database, member_id, "five")
    for store, keys in ((StoreId("torino"), ["five"]), (StoreId("milano"), []), (None, ["five"])):
        usable = await queries.held_usable(database.reader, PROGRAMME, member_id, store, NOW.now)
        assert [one.reward.key for one in usable] == keys
    assert await queries.held_usable(database.reader, PROGRAMME, member_id, None, NOW.now + timedelta(days=40)) == []


async def test_what_a_member_holds_keeps_its_terms(database: Database, admin: Any) -> None:
    """The next version makes the five a three and drops the kept one: what was taken before is worth what it was."""
    member_id = await member_with(database)
    await redeem(database, member_id, "five")
    await redeem(database, member_id, "kept")
    later = make_programme(
        SMALL + "\nrewards: [{key: five, type: discount_amount, name: Three, value: 3}]\n", version=2
    )
    usable = await queries.held_usable(database.reader, later, member_id, StoreId("torino"), NOW.now)
    lines = [Line(1, Decimal(1), 2000)]
    worth = {one.title: queries.discount_of(one.reward, lines, "EUR", "EUR").total_minor for one in usable}
    assert worth == {"Five": 500, "Kept": 500}
    assert {one.reward.on_return for one in usable} == {"give_back", "keep"}
    assert await queries.held_usable(database.reader, later, member_id, StoreId("milano"), NOW.now) != usable
