"""One basket, wholly decided: discounts, awards, burns, what is used up. A quote and its settle both come from here."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from fedele.db.database import Queryable
from fedele.domains.budgets.commands import confirmed
from fedele.domains.checkout.basket import check_tenders_pay, sale_of
from fedele.domains.checkout.decision import NO_LIMITS, Decision, decide_sale
from fedele.domains.checkout.errors import BenefitNotInHand, OccurredTooLongAgo
from fedele.domains.checkout.identification import Shopper
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.pricing.candidates import candidates_of
from fedele.domains.checkout.pricing.payment import check_payment
from fedele.domains.checkout.pricing.stacking import Priced, price
from fedele.domains.checkout.state import MemberState, Rules
from fedele.domains.checkout.tier_history import TierThen
from fedele.domains.checkout.types import Basket, Benefit, TakenDiscount
from fedele.domains.earning.queries import read_means
from fedele.domains.earning.types import Earner, Means, Sale
from fedele.domains.rewards.queries import held_usable
from fedele.domains.rewards.types import HeldReward
from fedele.domains.till.config import TillConfig
from fedele.domains.till.errors import HoldNotOpen, RewardNotUsable
from fedele.domains.till.queries import find_hold, kept_rewards
from fedele.domains.till.types import Hold
from fedele.kernel.clock import Moment


@dataclasses.dataclass(frozen=True, slots=True)
class InHand:
    """What the shopper brings to this basket."""

    benefits: tuple[Benefit, ...] = ()
    rewards: tuple[HeldReward, ...] = ()
    hold: Hold | None = None
    means: Means = NO_LIMITS


@dataclasses.dataclass(frozen=True, slots=True)
class Sold:
    """The basket as it would be settled."""

    sale: Sale
    decision: Decision
    priced: Priced
    rewards_used: tuple[UUID, ...]
    hold: Hold | None
    spends: bool  # something that needs a second fact and was not allowed with the hold
    late: bool

    @property
    def to_pay_minor(self) -> int:
        """What the customer pays."""
        return sum(line.amount_minor for line in self.sale.lines)

    def spends_only(self, redemption_id: UUID | None) -> bool:
        """Whether all that this basket spends is one reward: no units, no other reward, no offer's discount."""
        return (
            redemption_id is not None
            and self.rewards_used == (redemption_id,)
            and not any(self.decision.burned.values())
            and not any(one.candidate.source == "offer" for one in self.priced.applied)
        )

    @property
    def discounts(self) -> tuple[TakenDiscount, ...]:
        """What was taken off, as answers tell it."""
        return tuple(
            TakenDiscount(one.candidate.source, one.candidate.id, one.candidate.key, one.minor, dict(one.lines))
            for one in self.priced.applied
        )

    @property
    def hash(self) -> str:
        """A digest of all that the customer was shown: two of the same are the same deal."""
        shown = [
            self.to_pay_minor,
            [[one.source, str(one.id), sorted(one.lines.items())] for one in self.discounts],
            [[award.rule, award.currency, award.units] for award in self.decision.evaluation.awards],
            sorted(self.decision.burned.items()),
            sorted(map(str, self.rewards_used)),
        ]
        return hashlib.sha256(orjson.dumps(shown)).hexdigest()[:32]


async def read_in_hand(
    till: Till, db: Queryable, rules: Rules, shopper: Shopper, basket: Basket, at: datetime, moment: Moment
) -> InHand:
    """Read what the shopper holds and the basket may use. Raises BenefitNotInHand, RewardNotUsable or HoldNotOpen."""
    benefits = await benefits_in_hand(till, db, rules, shopper, basket, at)
    means = await _means_of(db, rules, basket, benefits, at)
    if not basket.rewards and basket.hold is None:
        return InHand(benefits, means=means)
    if shopper.guest:
        raise RewardNotUsable(field="rewards")
    hold = await _hold_of(db, shopper, basket, moment)
    wanted = basket.rewards
    if not wanted and hold is not None:
        wanted = tuple(part.redemption_id for part in hold.rewards)
    if not wanted:
        return InHand(benefits, (), hold, means)
    held = await held_usable(db, rules.programme, shopper.member_id, basket.store_id, at, "")
    kept = await kept_rewards(db, shopper.member_id, moment.now)
    own = {part.redemption_id for part in hold.rewards} if hold else set()
    by_id: dict[UUID, HeldReward] = {one.redemption_id: one for one in held}
    if len(set(wanted)) != len(wanted) or any(one not in by_id or one in kept - own for one in wanted):
        raise RewardNotUsable(field="rewards")
    return InHand(benefits, tuple(by_id[one] for one in wanted), hold, means)


async def _means_of(db: Queryable, rules: Rules, basket: Basket, benefits: Sequence[Benefit], at: datetime) -> Means:
    """What the campaigns that this basket may touch can afford just now."""
    boosts = [benefit.boost for benefit in benefits if benefit.boost is not None]
    floors = any(benefit.margin_floor is not None for benefit in benefits)
    skus = [line.sku for line in basket.lines if line.sku]
    return await read_means(db, rules.earning, at, skus, boosts, floors=floors)


async def benefits_in_hand(
    till: Till, db: Queryable, rules: Rules, shopper: Shopper, basket: Basket, at: datetime
) -> tuple[Benefit, ...]:
    """What the shopper may use up with this basket: what the till chose, or all that earns more, and discounts where
    Fedele takes them off. A guest holds nothing."""
    if basket.benefits == () or (shopper.guest and not basket.benefits):
        return ()
    if shopper.guest:
        raise BenefitNotInHand(field="offers")
    held = await till.benefits(db, rules.programme, shopper.member_id, basket.store_id, at, "")
    if basket.benefits is None:
        return tuple(benefit for benefit in held if benefit.boost is not None or basket.discounts == "apply")
    chosen = tuple(benefit for benefit in held if benefit.claim_id in basket.benefits)
    if len(chosen) != len(set(basket.benefits)):
        raise BenefitNotInHand(field="offers")
    return chosen


def decide_basket(
    rules: Rules, state: MemberState, basket: Basket, in_hand: InHand, at: datetime, purchase_id: UUID, moment: Moment
) -> Sold:
    """What settling this basket does, purely. Raises BasketInvalid, TenderNotAccepted, PayLimitExceeded or
    OccurredTooLongAgo."""
    config = rules.programme.section(TillConfig)
    sale = sale_of(basket, at, state.products)
    late = _is_late(config, at, moment)
    priced = Priced(sale.lines)
    if basket.discounts == "apply" and (in_hand.benefits or in_hand.rewards):
        tier = TierThen.of(rules, state, at, moment.now).tier
        earner = Earner(facts={**state.facts, "member.tier": tier or ""}, tier=tier)
        candidates = candidates_of(rules, sale, earner, in_hand.benefits, in_hand.rewards, in_hand.means.costs)
        priced = price(sale.lines, candidates, config.discounts)
        sale = dataclasses.replace(sale, lines=priced.lines)
    if basket.tenders:
        check_tenders_pay(basket, sum(line.amount_minor for line in sale.lines))
        check_payment(rules, sale, basket.tenders)
    left_out = {one.candidate.id for one in priced.left_out}
    benefits = [one for one in in_hand.benefits if one.claim_id not in left_out]
    decision = decide_sale(rules, state, sale, purchase_id, benefits, moment.now, in_hand.means)
    rewards = tuple(one.redemption_id for one in in_hand.rewards if one.redemption_id not in left_out)
    decision = _with_reserved(decision, priced, rewards, purchase_id)
    discount_offers = any(one.boost is None for one in benefits)
    return Sold(
        sale=sale,
        decision=_without_hold(decision, in_hand.hold),
        priced=priced,
        rewards_used=rewards,
        hold=in_hand.hold,
        spends=_spends(config, decision, rewards, discount_offers, in_hand.hold),
        late=late,
    )


def _is_late(config: TillConfig, at: datetime, moment: Moment) -> bool:
    late = moment.now - at > timedelta(days=config.late.after_days)
    if late and config.late.then == "refuse":
        raise OccurredTooLongAgo(days=config.late.after_days, field="occurredAt")
    return late


def _spends(
    config: TillConfig, decision: Decision, rewards: Sequence[UUID], discount_offers: bool, hold: Hold | None
) -> bool:
    """Whether the basket spends something that its hold does not cover."""
    put_aside: Mapping[str, int] = hold.by_currency() if hold else {}
    kept = {part.redemption_id for part in hold.rewards} if hold else set()
    spent = {
        "points": any(units > put_aside.get(currency, 0) for currency, units in decision.burned.items()),
        "rewards": bool(set(rewards) - kept),
        "offers": discount_offers,
    }
    return any(spent[kind] for kind in config.second_fact_for)


def _with_reserved(decision: Decision, priced: Priced, rewards: Sequence[UUID], purchase_id: UUID) -> Decision:
    """The decision that also uses what claims and rewards have reserved of their budgets: of an offer's discount taken
    off by us, no more than it came to."""
    saved = {one.candidate.id: one.minor for one in priced.applied if one.candidate.source == "offer"}
    used = [confirmed(one.claim_id, purchase_id, saved.get(one.claim_id)) for one in decision.benefits_used]
    used += [confirmed(redemption_id, purchase_id) for redemption_id in rewards]
    return dataclasses.replace(decision, budgets=(*decision.budgets, *used)) if used else decision


def _without_hold(decision: Decision, hold: Hold | None) -> Decision:
    """The decision with the hold's units given back first, so that the burn finds them: as they were when put aside."""
    if hold is None or not hold.units:
        return decision
    releases: list[Mapping[str, Any]] = [
        {
            "op": "release",
            "scope": "till_hold",
            "key": f"{hold.id}:{held.currency}:settle",
            "currency": held.currency,
            "transaction_id": str(held.transaction_id),
            "reason": {"hold_id": str(hold.id), "released": "settled"},
        }
        for held in hold.units
    ]
    put_aside = hold.by_currency()
    operations = [
        {**operation, "as_of": hold.held_at.isoformat()}
        if operation["op"] == "burn" and operation["currency"] in put_aside
        else operation
        for operation in decision.operations
    ]
    return dataclasses.replace(
        decision,
        operations=(*releases, *operations),
        operation_of={place: index + len(releases) for place, index in decision.operation_of.items()},
    )


async def _hold_of(db: Queryable, shopper: Shopper, basket: Basket, moment: Moment) -> Hold | None:
    if basket.hold is None:
        return None
    hold = await find_hold(db, shopper.member_id, basket.hold, moment.now)
    if hold is None or hold.status != "open" or hold.store_id != basket.store_id:
        raise HoldNotOpen(field="hold")
    return hold
