"""Budgets and margin floors where money is spent: at the till, in the sale's own statement."""

import dataclasses
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.commands import save_costs, save_products
from fedele.domains.activity.types import Product
from fedele.domains.activity.types import ReturnedLine as Back
from fedele.domains.analytics.queries import list_campaigns
from fedele.domains.budgets.jobs import tend_pots
from fedele.domains.budgets.queries import figures_of, verify
from fedele.domains.checkout.commands import record_event, return_lines, settle
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.queries import quote
from fedele.domains.checkout.types import Return
from fedele.domains.offers.commands import claim_offer
from fedele.domains.offers.types import Claim
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import PEPPERS, enrolled
from tests.factories.programme import SMALL, apply_programme, make_programme
from tests.factories.till import STORE, at, basket, line

TEXT = (
    SMALL
    + """
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points}
    - {key: extra, type: purchase_multiplier, name: Extra, currency: points, multiplier: 5, budget: {money: 12.00}}
    - {key: kept, type: purchase_multiplier, name: Kept, currency: points, amount: 10,
       when: "line.category == 'KEPT'", margin_floor: 20 %}
    - {key: ride, type: event_award, name: Ride, currency: points, event: ride, amount: 100,
       budget: {money: 2.50, per: day}}
offers:
  - {key: double, benefit: {type: multiplier, currency: points, multiplier: 2}, budget: {money: 0.80},
     creative: {title: T, body: B}, limits: {per_member: 9}}
  - {key: fifty, benefit: {type: bonus, currency: points, amount: 50}, budget: {money: 1.00},
     creative: {title: T, body: B}, limits: {per_member: 9}}
  - {key: off, benefit: {type: discount_amount, value: 3.00}, budget: {money: 10.00}, margin_floor: 15,
     creative: {title: T, body: B}, limits: {per_member: 9}}
"""
)


@pytest.fixture
async def till(database: Database) -> Till:
    """A till on this programme, with the real offers room behind it."""
    await apply_programme(database, TEXT)
    async with database.transaction() as tx:
        await save_products(tx, [Product("tea", "Tea"), Product("gold", "Gold")], at())
        await save_costs(tx, {"tea": Decimal("2.00"), "gold": Decimal("9.50")}, at().now - timedelta(days=9))
    return Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS), peppers=PEPPERS)


async def sell(till: Till, member: MemberId, *lines: Any, key: str = "k", **given: Any) -> Any:
    """Settle, and what each rule gave."""
    settlement = await settle(till, basket(*lines, member_id=member, **given), key, at())
    return settlement, {award.rule: award.units for award in settlement.awards}


async def claim(till: Till, member: MemberId, offer: str) -> Claim:
    """Claim an offer at the test's noon."""
    programme = await till.programmes.at(at().now)
    async with till.database.transaction() as tx:
        return await claim_offer(tx, programme, member, offer, at())


async def pots(till: Till, key: str) -> tuple[int, int, int]:
    """What is left, reserved and used of a campaign; the books must agree."""
    assert await verify(till.database.reader) == []
    (found,) = await figures_of(till.database.reader, [key])
    return found.left_minor, found.reserved_minor, found.used_minor


async def test_a_rule_gives_whole_awards_until_its_budget_is_gone(till: Till, admin: Any) -> None:
    """5 points a euro cost 5 cents a euro: 12.00 pay for one sale of 150.00 and not a second; a smaller fits."""
    member = await enrolled(till.database)
    assert (await sell(till, member, line(amount=15_000), key="a"))[1]["extra"] == 750
    given = await quote(till, basket(line(amount=15_000), member_id=member), at())
    told = {one.rule: one.outcome for one in given.evaluation.trace}
    assert (told["extra"], told["base"]) == ("budget_exhausted", "awarded")
    assert "extra" not in (await sell(till, member, line(amount=15_000), key="b"))[1]
    assert (await sell(till, member, line(amount=9_000), key="c"))[1]["extra"] == 450
    assert await pots(till, "rule:extra") == (0, 0, 1200)
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'budgets.exhausted'") == 1


async def test_a_retry_takes_nothing_more(till: Till, admin: Any) -> None:
    """The same sale under the same key is answered, and its budget is charged once."""
    member, sold = await enrolled(till.database), basket(line(amount=10_000))
    sold = dataclasses.replace(sold, member_id=member)
    first = await settle(till, sold, "same", at())
    assert await settle(till, sold, "same", at()) == first
    assert await pots(till, "rule:extra") == (700, 0, 500)


@pytest.mark.parametrize("order", [(1, 1, 1), (2, 1), (3,)])
async def test_any_returns_give_back_what_one_return_would(till: Till, admin: Any, order: tuple[int, ...]) -> None:
    """Three of three come back, one by one or at once: the budget has all its money again; of one, a third."""
    member = await enrolled(till.database)
    settlement, _ = await sell(till, member, line(amount=10_000, quantity=Decimal(3)))
    for number, quantity in enumerate(order):
        back = Return(
            store_id=STORE, lines=(Back(1, Decimal(quantity)),), purchase_id=settlement.purchase_id, member_id=member
        )
        await return_lines(till, back, f"back-{number}", at(hours=1))
        if order == (1, 1, 1) and number == 0:
            assert (await pots(till, "rule:extra"))[2] in (333, 334)
    assert await pots(till, "rule:extra") == (1200, 0, 0)


async def test_events_have_budgets_by_the_day(till: Till, admin: Any) -> None:
    """2.50 a day pay for two rides at 1.00; the third gives nothing, tomorrow's does."""
    member = await enrolled(till.database)
    given = [await record_event(till, member, "ride", {}, f"r{n}", at()) for n in range(3)]
    assert [len(one.awards) for one in given] == [1, 1, 0]
    assert len((await record_event(till, member, "ride", {}, "r4", at(days=1))).awards) == 1


async def test_a_multiplier_takes_what_it_really_gave(till: Till, admin: Any) -> None:
    """Doubling 16.00 × (1 + 5) points costs 0.96: over 0.80, so the claim stays in hand; on 10.00 it gives 0.60."""
    member = await enrolled(till.database)
    await claim(till, member, "double")
    settlement, given = await sell(till, member, line(amount=1_600), key="a")
    assert "offer:double" not in given
    assert await admin.fetchval("SELECT count(*) FROM offer_claim WHERE used_at IS NULL") == 1
    _, given = await sell(till, member, line(amount=1_000), key="b")
    assert given["offer:double"] == 60
    assert await pots(till, "offer:double") == (20, 0, 60)
    assert settlement.awards


async def test_a_bonus_is_reserved_by_the_claim_and_used_by_the_sale(till: Till, admin: Any) -> None:
    """1.00 pays for two bonuses of 50 points; the third member is told it is gone, until a claim lapses."""
    one, two, three = [await enrolled(till.database) for _ in range(3)]
    await claim(till, one, "fifty")
    await claim(till, two, "fifty")
    with pytest.raises(Exception, match="used up"):
        await claim(till, three, "fifty")
    assert await pots(till, "offer:fifty") == (0, 100, 0)
    assert (await sell(till, one, line(amount=1_000)))[1]["offer:fifty"] == 50
    assert await pots(till, "offer:fifty") == (0, 50, 50)
    await tend_pots(till.database, Moment(at().now + timedelta(hours=73)))
    assert await pots(till, "offer:fifty") == (50, 0, 50)


async def test_a_discount_uses_what_it_came_to(till: Till, admin: Any) -> None:
    """3.00 off a basket of 2.50 whose goods cost little: 2.50 at most are used, the rest goes back."""
    member = await enrolled(till.database)
    async with till.database.transaction() as tx:
        await save_costs(tx, {"tea": Decimal("0.10")}, at().now - timedelta(days=1))
    await claim(till, member, "off")
    tea = line(amount=1_000, sku="tea")
    settlement, _ = await sell(till, member, tea, discounts="apply", confirmation="cashier")
    assert settlement.awards
    assert await pots(till, "offer:off") == (700, 0, 300)
    back = Return(store_id=STORE, lines=(Back(1, Decimal(1)),), purchase_id=settlement.purchase_id, member_id=member)
    await return_lines(till, back, "back", at(hours=1))
    assert await pots(till, "offer:off") == (1000, 0, 0)


async def test_a_margin_floor_needs_known_costs_and_what_is_left(till: Till, admin: Any) -> None:
    """10 points a euro cost 10 %: tea that cost 2.00 keeps 70 %, gold that cost 9.50 nothing; unknown is no."""
    member = await enrolled(till.database)
    assert "kept" in (await sell(till, member, line(amount=1_000, sku="tea", category="KEPT"), key="a"))[1]
    for key, sku in (("b", "gold"), ("c", "nobody-knows"), ("d", None)):
        assert "kept" not in (await sell(till, member, line(amount=1_000, sku=sku, category="KEPT"), key=key))[1], sku
    traces = await admin.fetch("SELECT trace FROM evaluation ORDER BY source_id")
    told = [next(one for one in row["trace"] if one["rule"] == "kept") for row in traces]
    assert [one["outcome"] for one in told] == ["awarded", "margin_floor", "margin_floor", "margin_floor"]
    assert told[1]["details"] == {"floor": "20"}


async def test_staff_see_cost_and_margin_of_a_campaign(till: Till, admin: Any) -> None:
    """Tea at 10.00 less 3.00 that cost us 2.00 leaves 5.00 of 7.00; the extra points' 0.35 come off what they sold."""
    member = await enrolled(till.database)
    await claim(till, member, "off")
    await sell(till, member, line(amount=1_000, sku="tea"), discounts="apply", confirmation="cashier")
    programme = await till.programmes.at(at().now)
    found = {one.key: one for one in await list_campaigns(till.database, programme, at(hours=1))}
    off, extra = found["off"], found["extra"]
    assert (off.claimed, off.used, off.cost_minor, off.revenue_minor) == (1, 1, 300, 700)
    assert off.margin_percent == round(Decimal(500) / 7, 2)
    assert (extra.used, extra.cost_minor, extra.revenue_minor, extra.margin_known_percent) == (1, 35, 700, 100)
    assert extra.margin_percent == round(Decimal(465) / 7, 2)
    assert off.pot is not None
    assert (off.state, off.pot.left_minor, off.pot.used_minor) == ("live", 700, 300)
    assert found["double"].margin_percent is None


async def test_a_discount_keeps_its_margin(till: Till, admin: Any) -> None:
    """3.00 off gold at 10.00 that cost 9.50 would be sold at a loss: the quote leaves it out and says why."""
    member = await enrolled(till.database)
    await claim(till, member, "off")
    gold = basket(line(amount=1_000, sku="gold"), member_id=member, discounts="apply")
    given = await quote(till, gold, at())
    assert [one.code for one in given.left_out] == ["MARGIN_FLOOR"]
    assert given.to_pay_minor == 1_000
    tea = basket(line(amount=1_000, sku="tea"), member_id=member, discounts="apply")
    assert (await quote(till, tea, at())).to_pay_minor == 700


@pytest.mark.parametrize(
    ("benefit", "fault"),
    [
        ("{type: discount_percent, percent: 10}", "unit_cost"),
        ("{type: reward, reward: mug}", "unit_cost"),
    ],
)
def test_a_budget_without_a_cost_is_refused(benefit: str, fault: str) -> None:
    """An offer whose claim has no known cost cannot have a budget: the file says what to add."""
    offer = f"offers: [{{key: o, benefit: {benefit}, budget: {{money: 5}}, creative: {{title: T, body: B}}}}]"
    rewards = "rewards: [{key: mug, type: free_product, name: M, cost: {currency: points, amount: 1}, skus: [m]}]\n"
    with pytest.raises(ProgrammeInvalid, match=fault):
        make_programme(SMALL + rewards + offer)
