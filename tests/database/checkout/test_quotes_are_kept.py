"""A quote and the settle of the same basket agree, to the minor unit and the point; what is used up is used once."""

import asyncio
import dataclasses
import random
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from fedele.db.database import Database
from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import ReturnedLine, Tender
from fedele.domains.auth.errors import RateLimited
from fedele.domains.checkout import commands, queries
from fedele.domains.checkout.errors import (
    BasketInvalid,
    BenefitNotInHand,
    OccurredTooLongAgo,
    PayLimitExceeded,
    QuoteChanged,
)
from fedele.domains.checkout.types import Basket, Return
from fedele.domains.members.errors import CardCodeMalformed, CardCodeUnknown
from fedele.domains.members.types import Identity
from fedele.domains.rewards.queries import list_held
from fedele.domains.till.errors import PhoneLookupOff, RewardNotUsable
from fedele.kernel.ids import StoreId
from tests.factories.members import PEPPERS
from tests.factories.till import PROGRAMME, STORE, at, basket, line, paid_with_points
from tests.factories.till_spending import (
    card_of,
    open_spending_till,
    points_of,
    shopper,
    spending_text,
    with_offer,
    with_reward,
)

CONFIRMED = "Showed an ID"


def applied(*lines: Any, **more: Any) -> Basket:
    """A basket whose discounts Fedele takes off."""
    return basket(*lines, **({"discounts": "apply", "confirmation": CONFIRMED} | more))


async def test_a_discount_for_a_tier_asks_for_the_tier_of_the_sale(database: Database) -> None:
    """Gold a year and more ago, and no close has noted its end: the sale is rated as blue's, and so is the discount."""
    gold_only = """
offers:
  - {key: gold, benefit: {type: discount_percent, percent: 10, when: member.tier == 'gold'},
     creative: {title: Gold, body: Off}, limits: {per_member: 2}}
"""
    till = await open_spending_till(database, PROGRAMME + gold_only)
    member_id = await shopper(till, 0)
    await commands.settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    tomorrow, later = at(days=1), at(days=500)
    await with_offer(till, member_id, "gold", tomorrow)
    then = await queries.quote(till, applied(line(amount=1000), member_id=member_id), tomorrow)
    assert (then.tier_after, then.to_pay_minor) == ("gold", 900)
    await with_offer(till, member_id, "gold", later)
    now = await queries.quote(till, applied(line(amount=1000), member_id=member_id), later)
    assert (now.tier_after, now.to_pay_minor) == ("blue", 1000)


async def test_random_baskets_are_settled_as_they_were_quoted(database: Database) -> None:
    """Forty baskets of random lines, offers, rewards and points: total, lines, awards and burns are those quoted."""
    chance = random.Random(4)
    till = await open_spending_till(database)
    for round_ in range(40):
        member_id = await shopper(till, chance.randrange(200, 3000))
        rewards: list[UUID] = []
        if chance.random() < 0.5:
            await with_offer(till, member_id, "tenth")
        if chance.random() < 0.5:
            await with_offer(till, member_id, "fresh")
        if chance.random() < 0.6:
            rewards.append(await with_reward(till, member_id, chance.choice(["five-off", "coffee"])))
        lines = [
            line(
                n, chance.randrange(0, 4000), category=chance.choice(["FRESH", "DRY"]),
                sku=chance.choice(["coffee", "x"]), quantity=Decimal(chance.randrange(1, 4)),
                kind=chance.choice(["goods"] * 4 + ["gift_card", "delivery"]),
            )
            for n in range(1, chance.randrange(2, 6))
        ]  # fmt: skip
        sold = applied(*lines, member_id=member_id, rewards=tuple(rewards))
        quoted = await queries.quote(till, sold, at())
        if quoted.pay_with and quoted.pay_with[0].minor_payable and chance.random() < 0.7:
            points = quoted.pay_with[0].minor_payable
            tenders = [Tender("points", points), Tender("cash", quoted.to_pay_minor - points)]
            sold = dataclasses.replace(sold, tenders=tuple(one for one in tenders if one.amount_minor))
            quoted = await queries.quote(till, sold, at())
        settled = await commands.settle(till, sold, f"sale-{round_}", at(), quote=quoted.hash)
        assert settled.total_minor == quoted.to_pay_minor
        assert settled.discounts == quoted.discounts
        assert settled.burned == quoted.burned
        assert [(a.rule, a.units) for a in settled.awards] == [(a.rule, a.units) for a in quoted.evaluation.awards]
        assert settled.rewards_used == quoted.rewards_used
        bought = await find_purchase(database.reader, member_id, settled.purchase_id)
        assert bought is not None
        assert [(one.number, one.amount_minor, one.discount_minor) for one in bought.lines] == [
            (one.number, one.amount_minor, one.discount_minor) for one in quoted.lines
        ]
        held = [one.id for one in await list_held(database.reader, member_id, at().now)]
        assert set(held) == set(rewards) - set(settled.rewards_used)


async def test_discounts_of_two_groups_and_what_is_left_out_is_said(database: Database) -> None:
    """Ten percent and three euro off fresh stand together; five off is of ten percent's group and stays in hand."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    await with_offer(till, member_id, "tenth")
    await with_offer(till, member_id, "fresh")
    reward = await with_reward(till, member_id)
    sold = applied(line(1, 8000, category="FRESH"), line(2, 2000), member_id=member_id, rewards=(reward,))
    quoted = await queries.quote(till, sold, at())
    assert {(one.key, one.minor) for one in quoted.discounts} == {("tenth", 1000), ("fresh", 300)}
    assert [(one.key, one.code) for one in quoted.left_out] == [("five-off", "GROUP_TAKEN")]
    assert (quoted.total_minor, quoted.to_pay_minor) == (10_000, 8_700)
    settled = await commands.settle(till, sold, "sale", at())
    assert settled.awards[0].units == 87  # on what was really paid
    again = dataclasses.replace(sold, receipt="again")
    after = await queries.quote(till, again, at())
    assert [one.key for one in after.discounts] == ["five-off"]


async def test_a_discount_below_its_minimum_says_so(database: Database) -> None:
    """Three off fresh wants 20.00 of fresh goods."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    await with_offer(till, member_id, "fresh")
    quoted = await queries.quote(till, applied(line(1, 1999, category="FRESH"), member_id=member_id), at())
    assert [one.code for one in quoted.left_out] == ["MINIMUM_SPEND"]


async def test_a_quote_that_is_no_longer_true_is_refused(database: Database, admin: Any) -> None:
    """The offer was used meanwhile: the customer would pay more than was shown, so the till asks again."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    await with_offer(till, member_id)
    sold = applied(line(amount=1000), member_id=member_id)
    quoted = await queries.quote(till, sold, at())
    await commands.settle(till, dataclasses.replace(sold, receipt="elsewhere"), "elsewhere", at())
    before = await admin.fetchval("SELECT count(*) FROM request")
    with pytest.raises(QuoteChanged):
        await commands.settle(till, sold, "sale", at(), quote=quoted.hash)
    assert await admin.fetchval("SELECT count(*) FROM request") == before


async def test_tenders_pay_what_is_left_after_discounts(database: Database) -> None:
    """Split tenders are checked against the discounted total, and before anything is written."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    await with_offer(till, member_id)
    sold = applied(line(amount=1000), member_id=member_id, tenders=(Tender("card", 500), Tender("cash", 500)))
    with pytest.raises(BasketInvalid, match=r"9\.00"):
        await commands.settle(till, sold, "sale", at())
    paid = dataclasses.replace(sold, tenders=(Tender("card", 500), Tender("cash", 400)))
    assert (await commands.settle(till, paid, "sale", at())).total_minor == 900


@pytest.mark.parametrize(
    ("points", "fits"), [(500, True), (510, False), (90, False), (155, False), (100, True)],
    ids=["the share", "above the share", "below the minimum", "off the step", "the minimum"],
)  # fmt: skip
async def test_units_pay_within_the_declared_limits(database: Database, points: int, fits: bool) -> None:
    """Half of 10.00 at most, a hundred points at least, in steps of ten."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 1000)
    sold = basket(
        line(amount=1000), member_id=member_id, tenders=paid_with_points(points, 1000 - points), confirmation=CONFIRMED
    )
    if fits:
        assert (await commands.settle(till, sold, "sale", at())).burned == {"points": points}
        return
    with pytest.raises(PayLimitExceeded) as refused:
        await commands.settle(till, sold, "sale", at())
    assert refused.value.details["units_max"] == 500
    assert await points_of(till, member_id) == (1000, 0)


async def test_the_north_faces_thirty_percent_of_the_original_price(database: Database) -> None:
    """10 points are HK$1 and pay at most 30 %: of HK$100, discounted to HK$80, still 300 points."""
    text = (
        spending_text()
        .replace("home_currency: EUR", "home_currency: HKD")
        .replace(
            "worth: 0.01, pay: {share_max_percent: 50, minimum: 100, step: 10}",
            "worth: 0.1, pay: {share_max_percent: 30}",
        )
    )
    till = await open_spending_till(database, text)
    member_id = await shopper(till)
    earning = basket(line(amount=100_000), member_id=member_id, currency="HKD")
    await commands.settle(till, earning, "earn", at(days=-1))
    sold = basket(
        line(amount=8000, discount_minor=2000), member_id=member_id, currency="HKD", confirmation=CONFIRMED,
        tenders=(Tender("points", 3000), Tender("card", 5000)),
    )  # fmt: skip
    quoted = await queries.quote(till, sold, at())
    assert (quoted.pay_with[0].units_max, quoted.pay_with[0].minor_payable) == (300, 3000)
    more = dataclasses.replace(sold, tenders=(Tender("points", 3010), Tender("card", 4990)))
    with pytest.raises(PayLimitExceeded):
        await commands.settle(till, more, "more", at())
    assert (await commands.settle(till, sold, "sale", at())).burned == {"points": 300}


async def test_a_reward_in_64_baskets_at_once_is_used_once(database: Database) -> None:
    """Each till has its own sale and the same held reward: one takes it."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    reward = await with_reward(till, member_id)

    async def attempt(number: int) -> int:
        sold = applied(line(amount=1000), member_id=member_id, rewards=(reward,))
        try:
            return (await commands.settle(till, sold, f"sale-{number}", at())).saved_minor
        except RewardNotUsable:
            return 0

    assert sorted(await asyncio.gather(*(attempt(number) for number in range(64)))) == [0] * 63 + [500]


async def test_a_reward_of_another_store_or_member_is_not_usable_here(database: Database) -> None:
    """A reward that names store two, one of somebody else, and one named twice are refused alike."""
    till = await open_spending_till(database)
    member_id, other = await shopper(till), await shopper(till)
    elsewhere, foreign = await with_reward(till, member_id, "elsewhere"), await with_reward(till, other)
    own = await with_reward(till, member_id)
    for rewards in ((elsewhere,), (foreign,), (own, own)):
        with pytest.raises(RewardNotUsable):
            await commands.settle(till, applied(member_id=member_id, rewards=rewards), "sale", at())
    there = applied(member_id=member_id, rewards=(elsewhere,), store_id=StoreId("store-2"))
    assert (await commands.settle(till, there, "sale", at())).saved_minor == 500


async def test_a_return_gives_back_what_was_really_paid(database: Database) -> None:
    """The refund of a discounted line is its discounted price, and all parts sum to what was paid."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    await with_offer(till, member_id)
    sold = applied(line(1, 999), line(2, 1001), line(3, 501), member_id=member_id)
    settled = await commands.settle(till, sold, "sale", at())
    refunds = []
    for number in (2, 1, 3):
        back = Return(store_id=STORE, receipt=sold.receipt, lines=(ReturnedLine(number, Decimal(1)),))
        refunds.append((await commands.return_lines(till, back, f"back-{number}", at())).total_minor)
    assert sum(refunds) == settled.total_minor == 2251


async def test_late_sales_are_flagged_or_refused_as_declared(database: Database) -> None:
    """After 30 days a sale is marked late; a programme that refuses such says so clearly."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    old = basket(member_id=member_id, occurred_at=at(days=-31).now)
    assert (await commands.settle(till, old, "old", at())).late
    assert not (await commands.settle(till, basket(member_id=member_id), "new", at())).late
    strict = await open_spending_till(database, spending_text() + "  late: {after_days: 30, then: refuse}\n")
    with pytest.raises(OccurredTooLongAgo):
        await commands.settle(strict, dataclasses.replace(old, receipt="older"), "older", at())


@pytest.mark.parametrize("currency", ["EUX", "eur", "XXX", "E", ""])
async def test_only_money_that_exists_is_taken(database: Database, currency: str) -> None:
    """Three letters are not enough."""
    till = await open_spending_till(database)
    with pytest.raises(BasketInvalid):
        await commands.settle(till, basket(currency=currency), "sale", at())


async def test_a_scan_shows_what_is_held_and_what_would_let_it_be_spent(database: Database) -> None:
    """Held rewards of this store with their ids; the facts that the programme takes, a PIN only if one is set."""
    till = await open_spending_till(database)
    member_id = await shopper(till, 600)
    await with_reward(till, member_id, "elsewhere")
    reward = await with_reward(till, member_id)
    seen = await queries.scan(till, await card_of(till, member_id), STORE, at())
    assert [(one.redemption_id, one.key) for one in seen.held] == [(reward, "five-off")]
    assert seen.second_facts == ("rotating_code", "staff_confirmation")
    assert seen.warnings == ("SECOND_FACT_NEEDED",)


async def test_a_phone_number_finds_its_member_masked_and_counted(database: Database) -> None:
    """Initials only; a number of nobody looks like an unknown card; the 21st look-up of a till is refused."""
    till = await open_spending_till(database)
    phone = Identity.parse("phone", "+39 06 698 12345")
    member_id = await shopper(till, display_name="Anna Rossi", identities=(phone,))
    seen = await queries.scan(till, "06 69812345", STORE, at(), caller="till-1")
    assert (seen.member_id, seen.display_name, seen.identified_by) == (member_id, "A. R.", "phone")
    assert "IDENTIFIED_BY_PHONE" in seen.warnings
    with pytest.raises(CardCodeUnknown):
        await queries.scan(till, "+39 06 698 54321", STORE, at(), caller="till-1")
    for _ in range(18):
        await queries.scan(till, "+390669812345", STORE, at(), caller="till-1")
    with pytest.raises(RateLimited):
        await queries.scan(till, "+390669812345", STORE, at(), caller="till-1")
    await queries.scan(till, "+390669812345", STORE, at(), caller="till-2")
    closed = await open_spending_till(database, spending_text() + "  phone_lookup: false\n")
    with pytest.raises(PhoneLookupOff):
        await queries.scan(closed, "+390669812345", STORE, at(), caller="till-3")


async def test_a_receipts_code_finds_member_and_purchase_at_its_own_store(database: Database) -> None:
    """Signed by us, of this store: else it is malformed or unknown."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    settled = await commands.settle(till, basket(member_id=member_id), "sale", at())
    token = queries.receipt_token(PEPPERS, member_id, settled.purchase_id)
    seen = await queries.scan(till, token.lower(), STORE, at())
    assert (seen.member_id, seen.purchase_id, seen.identified_by) == (member_id, settled.purchase_id, "receipt")
    with pytest.raises(CardCodeUnknown):
        await queries.scan(till, token, StoreId("store-2"), at())
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    with pytest.raises(CardCodeMalformed):
        await queries.scan(till, forged, STORE, at())


async def test_an_offer_that_is_gone_is_refused_when_named(database: Database) -> None:
    """The till named a claim; it was used meanwhile."""
    till = await open_spending_till(database)
    member_id = await shopper(till)
    claim = await with_offer(till, member_id)
    sold = applied(member_id=member_id, benefits=(claim,))
    await commands.settle(till, sold, "one", at())
    with pytest.raises(BenefitNotInHand):
        await commands.settle(till, dataclasses.replace(sold, receipt="two"), "two", at())
