"""Steps at the till and with rewards: calls of the rooms' own commands, as the API makes them."""

from decimal import Decimal
from uuid import UUID

from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import Line, ReturnedLine, Tender
from fedele.domains.checkout.commands import record_event, return_lines, settle
from fedele.domains.checkout.types import Basket, GivenAward, Return
from fedele.domains.offers.commands import claim_offer
from fedele.domains.offers.queries import list_in_hand
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import cancel_redemption, use_redemption
from fedele.domains.rewards.commands import redeem as redeem_reward
from fedele.domains.rewards.config import PhysicalGift, RewardsConfig
from fedele.domains.rewards.queries import list_held
from fedele.domains.rewards.types import Delivery, Redemption
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.money import Money
from fedele.kernel.refusal import NotFound
from fedele.scenarios import format as steps
from fedele.scenarios.play import Bought, Outcome, Play, StepImpossible


async def buy(play: Play, step: steps.Buy) -> Outcome:
    """Settle a purchase."""
    currency = (await play.programme()).section(ProgrammeConfig).home_currency
    receipt = step.receipt or f"step-{play.number}"
    lines = tuple(_line(number, line, currency) for number, line in enumerate(step.lines, start=1))
    store = step.store or play.file.scenario.store
    basket = Basket(
        store_id=StoreId(store),
        receipt=receipt,
        currency=currency,
        lines=lines,
        tenders=_tenders(step, sum(line.amount_minor for line in lines), currency),
        member_id=play.member(step),
        channel=step.channel,
        occurred_at=play.instant(step.occurred_at),
        attributes=step.attributes,
        confirmation="scenario",
        rewards=tuple([(await _held(play, play.member(step), key))[0].id for key in step.uses]),
        benefits=await _claims(play, step),
        discounts="apply" if step.uses or step.offers else "taken",
    )
    sold = await settle(play.stage.fedele.till, basket, f"{receipt}@{play.number}", play.moment)
    play.receipts[receipt] = Bought(sold.purchase_id, sold.member_id, store)
    saved = Money(sold.saved_minor, currency).decimal
    return Outcome(awards=sold.awards, burned=sold.burned, saved=saved, source_id=sold.purchase_id)


def _minor(amount: Decimal, currency: str) -> int:
    """Minor units of the home currency. Raises StepImpossible for more decimals than it has."""
    try:
        return Money.parse(amount, currency).minor
    except ValueError as error:
        raise StepImpossible(str(error)) from None


def _line(number: int, line: steps.BasketLine, currency: str) -> Line:
    return Line(
        number=number,
        quantity=line.quantity,
        amount_minor=_minor(line.amount, currency),
        tax_minor=_minor(line.tax, currency),
        discount_minor=_minor(line.discount, currency),
        kind=line.kind,
        sku=line.sku,
        name=line.name,
        category=line.category,
        department=line.department,
        brand=line.brand,
        attributes=line.attributes,
    )


def _tenders(step: steps.Buy, total_minor: int, currency: str) -> tuple[Tender, ...]:
    """As the step says; what it leaves open is paid in cash."""
    paid = [Tender(one.kind, _minor(one.amount, currency), one.currency) for one in step.tenders]
    rest = total_minor - sum(tender.amount_minor for tender in paid)
    return (*paid, Tender("cash", rest)) if paid and rest > 0 else tuple(paid)


async def return_goods(play: Play, step: steps.ReturnGoods) -> Outcome:
    """Take goods back."""
    bought = play.receipts.get(step.receipt)
    if bought is None:
        raise StepImpossible(f"nothing was bought under the receipt '{step.receipt}'")
    purchase = await find_purchase(play.stage.fedele.database.reader, bought.member_id, bought.purchase_id)
    assert purchase is not None, "it was settled by an earlier step"
    lines = [ReturnedLine(line.number, line.quantity) for line in step.lines] or [
        ReturnedLine(line.number, left)
        for line in purchase.lines
        if (left := line.quantity - purchase.returned.get(line.number, Decimal(0))) > 0
    ]
    asked = Return(
        store_id=StoreId(step.store or bought.store),
        purchase_store_id=StoreId(bought.store),
        lines=tuple(lines),
        purchase_id=bought.purchase_id,
        member_id=bought.member_id,
    )
    done = await return_lines(play.stage.fedele.till, asked, f"return@{play.number}", play.moment)
    refund = Money(done.total_minor, done.currency).decimal
    return Outcome(clawed_back=done.clawed_back, restored=done.restored, refund=refund)


async def happen(play: Play, step: steps.Happen) -> Outcome:
    """Record what the member did, so many times."""
    awards: list[GivenAward] = []
    for time_number in range(step.times):
        done = await record_event(
            play.stage.fedele.till,
            play.member(step),
            step.name,
            step.properties,
            f"event@{play.number}:{time_number}",
            play.moment,
            occurred_at=play.instant(step.occurred_at),
            store_id=StoreId(step.store) if step.store else None,
        )
        awards += done.awards
    return Outcome(awards=tuple(awards), source_id=done.event_id)


async def _claims(play: Play, step: steps.Buy) -> tuple[UUID, ...] | None:
    """The claims of the offers that the step names, the first to end of each; None: as the till would by itself."""
    if step.offers is None:
        return None
    held = await list_in_hand(play.stage.fedele.database.reader, play.member(step), play.moment.now)
    claims = {claim.offer_key: claim.id for claim in reversed(held)}
    if missing := [key for key in step.offers if key not in claims]:
        raise StepImpossible(f"the member has not claimed the offer '{missing[0]}', or used it already")
    return tuple(claims[key] for key in step.offers)


async def claim(play: Play, step: steps.ClaimOffer) -> Outcome:
    """Take an offer."""
    async with play.stage.fedele.database.transaction() as tx:
        await claim_offer(tx, await play.programme(), play.member(step), step.offer, play.moment)
    return Outcome()


async def redeem(play: Play, step: steps.Redeem) -> Outcome:
    """Take a reward for its price."""
    programme = await play.programme()
    reward = programme.section(RewardsConfig).find(step.reward)
    taken = await redeem_reward(
        play.stage.fedele.database,
        programme,
        play.member(step),
        step.reward,
        f"redeem@{play.number}",
        play.moment,
        _delivery(programme, reward) if isinstance(reward, PhysicalGift) else None,
    )
    return Outcome(burned={taken.currency: taken.units} if taken.currency else {})


def _delivery(programme: Programme, gift: PhysicalGift) -> Delivery:
    """An address to which the gift can be sent: a scenario's members have none of their own."""
    country = gift.ships_to[0] if gift.ships_to else "US"
    return Delivery("A member", "1 Main Street", programme.section(ProgrammeConfig).key, country)


async def use(play: Play, step: steps.Use) -> Outcome:
    """Use up a reward in hand: the one that ends first."""
    member_id, store = play.member(step), step.store or play.file.scenario.store
    held = await _held(play, member_id, step.reward)
    async with play.stage.fedele.database.transaction() as tx:
        await use_redemption(tx, member_id, held[0].id, store, play.moment)
    return Outcome()


async def cancel(play: Play, step: steps.Cancel) -> Outcome:
    """Give a reward in hand back: the one taken last."""
    member_id = play.member(step)
    held = await _held(play, member_id, step.reward)
    newest = max(held, key=lambda one: (one.redeemed_at, one.id))
    async with play.stage.fedele.database.transaction() as tx:
        await cancel_redemption(tx, await play.programme(), member_id, newest.id, play.moment)
    return Outcome(restored={newest.currency: newest.units} if newest.currency else {})


async def _held(play: Play, member_id: MemberId, reward: str) -> list[Redemption]:
    """The member's rewards of this key in hand, the first to end first. Raises NotFound where there is none."""
    held = await list_held(play.stage.fedele.database.reader, member_id, play.moment.now)
    if found := [one for one in held if one.reward_key == reward]:
        return found
    raise NotFound(what="redemption")
