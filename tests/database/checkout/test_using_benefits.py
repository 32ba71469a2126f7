"""A claimed offer earns more at the till, once."""

import asyncio
import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.checkout import commands, queries
from fedele.domains.checkout.errors import BenefitNotInHand
from fedele.domains.checkout.identification import Shopper
from fedele.domains.checkout.ports import Till
from fedele.domains.offers.commands import claim_offer
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.till import PROGRAMME, STORE, at, basket, line, open_till

OFFERS = """
offers:
  - key: double
    creative: {title: Double, body: Double}
    benefit: {type: multiplier, currency: points, multiplier: 2, when: "line.category == 'COFFEE'"}
  - key: bonus
    creative: {title: Bonus, body: Bonus}
    benefit: {type: bonus, currency: points, amount: 100, minimum_spend: 20}
"""


async def till_with_claims(database: Database, *offers: str) -> tuple[Till, MemberId]:
    """A till of the real rooms, and a member who claimed these offers."""
    opened, member_id = await open_till(database, PROGRAMME + OFFERS), await enrolled(database)
    till = Till(database, opened.programmes)
    programme = await till.programmes.at(at().now)
    for offer in offers:
        async with database.transaction() as tx:
            await claim_offer(tx, programme, member_id, offer, at())
    return till, member_id


async def test_a_claimed_offer_earns_more_once_and_is_used_up(database: Database, admin: Any) -> None:
    """Double points on coffee: the first sale has them, the second does not, and the claim names its purchase."""
    till, member_id = await till_with_claims(database, "double")
    first = await commands.settle(till, coffee(member_id), "first", at())
    second = await commands.settle(till, coffee(member_id), "second", at())
    assert {a.rule: a.units for a in first.awards if a.currency == "points"} == {"base": 15, "offer:double": 10}
    assert {a.rule: a.units for a in second.awards if a.currency == "points"} == {"base": 15}
    assert await admin.fetchval("SELECT purchase_id FROM offer_claim") == first.purchase_id


async def test_ten_concurrent_sales_use_a_claim_once(database: Database, admin: Any) -> None:
    """Whichever sale comes first has the offer; the others are decided without it."""
    till, member_id = await till_with_claims(database, "double")
    sales = [commands.settle(till, coffee(member_id), f"k{n}", at()) for n in range(10)]
    settled = await asyncio.gather(*sales)
    assert sum(any(award.rule == "offer:double" for award in sale.awards) for sale in settled) == 1


async def test_an_offer_whose_condition_is_not_met_stays_in_hand(database: Database, admin: Any) -> None:
    """The bonus needs 20.00: a small sale leaves it for the next."""
    till, member_id = await till_with_claims(database, "bonus")
    small = await commands.settle(till, basket(line(amount=1_999), member_id=member_id), "small", at())
    assert "offer:bonus" not in {award.rule for award in small.awards}
    assert await admin.fetchval("SELECT used_at FROM offer_claim") is None
    seen = await queries.till_member(till, Shopper(member_id), STORE, at())
    assert [benefit.key for benefit in seen.benefits] == ["bonus"]
    large = await commands.settle(till, basket(line(amount=2_000), member_id=member_id), "large", at())
    assert {award.rule: award.units for award in large.awards}["offer:bonus"] == 100


async def test_a_claim_that_is_not_in_hand_stops_the_sale(database: Database, admin: Any) -> None:
    """A till that took money off for a claim used elsewhere is told, before anything is written."""
    till, member_id = await till_with_claims(database, "double")
    claim_id = await admin.fetchval("SELECT claim_id FROM offer_claim")
    chosen = dataclasses.replace(coffee(member_id), benefits=(claim_id,))
    await commands.settle(till, chosen, "first", at())
    again = dataclasses.replace(coffee(member_id), benefits=(claim_id,))
    for shopper in (again, dataclasses.replace(again, member_id=None)):
        with pytest.raises(BenefitNotInHand):
            await commands.settle(till, shopper, "second", at())
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 1
    without = await commands.settle(till, dataclasses.replace(again, benefits=()), "second", at())
    assert "offer:double" not in {award.rule for award in without.awards}


def coffee(member_id: MemberId) -> Any:
    """Ten euros of coffee and five of something else."""
    lines = (line(1, 1_000, category="COFFEE", quantity=Decimal(2)), line(2, 500))
    return basket(*lines, member_id=member_id)


async def test_foreign_money_uses_no_offer_up(database: Database, admin: Any) -> None:
    """An offer's minimum is in the programme's money: a sale in yen leaves it in hand."""
    till, member_id = await till_with_claims(database, "bonus")
    sold = basket(line(amount=90_000), member_id=member_id, currency="JPY")
    settled = await commands.settle(till, sold, "yen", at())
    assert settled.awards == ()
    assert await admin.fetchval("SELECT purchase_id FROM offer_claim") is None
