"""A programme with everything that can be spent at a till, and members who have some of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from fedele.db.database import Database
from fedele.domains.checkout.commands import settle
from fedele.domains.checkout.ports import Till
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.queries import find_card_code
from fedele.domains.offers.commands import claim_offer
from fedele.domains.rewards.commands import give_reward
from fedele.domains.till.commands import set_pin
from fedele.domains.till.config import TillConfig
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.members import PEPPERS, enrolled
from tests.factories.programme import apply_programme
from tests.factories.till import NOON, STORE, at, basket, line

PIN = "294613"

SPENDING = """
format: 1
programme: {key: spending, name: Spending, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, pay: {share_max_percent: 50, minimum: 100, step: 10}}
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points}
tiers: {counter: {type: spend}, levels: [{key: blue, name: Blue, threshold: 0}]}
rewards:
  - {key: five-off, type: discount_amount, name: Five off, value: 5, cost: {currency: points, amount: 500}}
  - {key: coffee, type: free_product, name: Coffee, skus: [coffee], cost: {currency: points, amount: 200},
     stacking_group: products}
  - {key: elsewhere, type: discount_amount, name: Elsewhere, value: 5, places: [store-2],
     cost: {currency: points, amount: 500}}
places:
  - {key: store-1, name: One, latitude: 45, longitude: 9}
  - {key: store-2, name: Two, latitude: 46, longitude: 9}
offers:
  - {key: tenth, benefit: {type: discount_percent, percent: 10}, creative: {title: Ten percent, body: Off}}
  - {key: fresh, benefit: {type: discount_amount, value: 3, minimum_spend: 20, when: "line.category == 'FRESH'"},
     creative: {title: Three off fresh, body: Off}, stacking_group: coupons}
till:
  second_fact: [rotating_code, pin, staff_confirmation]
  pin: {attempts_max: 3, lock_minutes: 30}
  offline: {spending: %s, card_revoked: %s}
"""


def spending_text(spending: str = "refuse", card_revoked: str = "guest") -> str:
    """The programme, with what offline sales may do."""
    return SPENDING % (spending, card_revoked)


async def open_spending_till(database: Database, text: str | None = None) -> Till:
    """A till that knows offers, rewards and the deployment's secret."""
    from fedele.bootstrap import PROGRAMME_SECTIONS
    from fedele.domains.programme.queries import ProgrammeSource

    await apply_programme(database, text or spending_text())
    return Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS), peppers=PEPPERS)


async def shopper(till: Till, units: int = 0, **known: Any) -> MemberId:
    """A member who has earned so many points."""
    member_id = await enrolled(till.database, **known)
    if units:
        await settle(till, basket(line(amount=units * 100), member_id=member_id), f"earn-{member_id}", at(days=-1))
    return member_id


async def card_of(till: Till, member_id: MemberId) -> str:
    """The code printed on the member's card."""
    card = await find_card_code(till.database.reader, member_id)
    assert card is not None
    return card.code


async def with_reward(till: Till, member_id: MemberId, key: str = "five-off", moment: Moment | None = None) -> UUID:
    """A reward in the member's hand; its id."""
    moment = moment or at()
    programme = await till.programmes.at(moment.now)
    async with till.database.transaction() as tx:
        given = await give_reward(
            tx, programme, member_id, key, new_id(), moment.now + timedelta(days=30), moment, source="staff"
        )
    return UUID(str(given.id))


async def with_offer(till: Till, member_id: MemberId, key: str = "tenth", moment: Moment | None = None) -> UUID:
    """A claimed offer in the member's hand; the claim's id."""
    moment = moment or at()
    programme = await till.programmes.at(moment.now)
    async with till.database.transaction() as tx:
        claim = await claim_offer(tx, programme, member_id, key, moment)
    return UUID(str(claim.id))


async def with_pin(till: Till, member_id: MemberId, pin: str = PIN) -> None:
    """A PIN that the member set."""
    config = (await till.programmes.at(NOON)).section(TillConfig)
    await set_pin(till.database, config, member_id, SecretStr(pin), at())


async def points_of(till: Till, member_id: MemberId, moment: Moment | None = None) -> tuple[int, int]:
    """What the member can spend, and what holds keep."""
    moment = moment or at()
    balances = (await balances_by_member(till.database.reader, [member_id], moment.now))[member_id]
    return (balances[0].available, balances[0].reserved) if balances else (0, 0)


__all__ = ["PIN", "STORE", "card_of", "open_spending_till", "points_of", "shopper", "spending_text", "with_offer",
           "with_pin", "with_reward"]  # fmt: skip
