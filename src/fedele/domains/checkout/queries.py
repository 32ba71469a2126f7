"""What the till asks before it sells: scan and quote."""

from fedele.db.database import Queryable
from fedele.domains.checkout.basket import check_basket, sale_of, skus_of
from fedele.domains.checkout.decision import decide_event, decide_sale
from fedele.domains.checkout.identification import Shopper, identify, member_of_code, receipt_token
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.pricing import Sold, decide_basket, pay_options, read_in_hand
from fedele.domains.checkout.reversal import decide_return
from fedele.domains.checkout.series import RunningState, read_running_state
from fedele.domains.checkout.state import MemberState, Question, Rules, read_state
from fedele.domains.checkout.types import Basket, DiscountLeftOut, PayWith, Quote, TillHeldReward, TillMember
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.members.queries import get_member
from fedele.domains.memberships.queries import active_keys
from fedele.domains.rewards.queries import held_usable
from fedele.domains.tiers.queries import status_of
from fedele.domains.till.config import SecondFact, TillConfig
from fedele.domains.till.queries import standing_at_till
from fedele.domains.till.types import StandingAtTill
from fedele.kernel.clock import Moment
from fedele.kernel.ids import StoreId, new_id

# The decisions of the till, for whoever asks what they would be: pure, given a member's running state.
__all__ = [
    "MemberState",
    "Rules",
    "RunningState",
    "decide_event",
    "decide_return",
    "decide_sale",
    "is_answered",
    "masked",
    "quote",
    "read_running_state",
    "receipt_token",
    "sale_of",
    "scan",
    "till_member",
]


async def scan(
    till: Till, code: str, store_id: StoreId | None, moment: Moment, locale: str = "en", caller: str = ""
) -> TillMember:
    """Whom a code belongs to, as a till may see them: a card, the app's code, a reward's own, a telephone
    number or a receipt.

    `caller` is whose look-ups by telephone are counted. Raises the card's refusals, PhoneLookupOff, IdentityInvalid or
    RateLimited.
    """
    shopper = await member_of_code(till, code, store_id, caller or str(store_id), moment)
    return await till_member(till, shopper, store_id, moment, locale)


async def till_member(
    till: Till, shopper: Shopper, store_id: StoreId | None, moment: Moment, locale: str = "en"
) -> TillMember:
    """The member as a till may see them: masked name, tier, balances, what they hold and could have."""
    db, member_id = till.database.reader, shopper.member_id
    member = await get_member(db, member_id)
    programme = await till.programmes.at(moment.now)
    balances = (await balances_by_member(db, [member_id], moment.now))[member_id]
    tier = await status_of(db, programme, member_id, moment)
    tier_key = tier.current if tier else None
    held = await held_usable(db, programme, member_id, store_id, moment.now, locale)
    standing = await standing_at_till(db, member_id, shopper.holder, moment.now)
    facts, warnings = _second_facts(programme.section(TillConfig), shopper, standing)
    hidden = shopper.identified_by == "phone"
    return TillMember(
        member_id=member_id,
        display_name=initials(member.display_name) if hidden else masked(member.display_name),
        tier=tier,
        balances=tuple(balances),
        benefits=tuple(await till.benefits(db, programme, member_id, store_id, moment.now, locale)),
        rewards=tuple(await till.rewards(db, programme, member_id, balances, tier_key, moment.now, locale)),
        warnings=warnings,
        memberships=tuple(await active_keys(db, member_id, moment.now)),
        held=tuple(
            TillHeldReward(one.redemption_id, one.reward.key, one.title, one.reward.type, one.usable_until)
            for one in held
            if one.redemption_id not in standing.kept
        ),
        identified_by=shopper.identified_by,
        second_facts=facts,
        purchase_id=shopper.purchase_id,
        redemption_id=shopper.redemption_id,
    )


def _second_facts(
    config: TillConfig, shopper: Shopper, standing: StandingAtTill
) -> tuple[tuple[SecondFact, ...], tuple[str, ...]]:
    """What would let this member's value be spent now, and the warnings that go with it."""
    fresh = shopper.rotating and not standing.code_used
    if fresh and "rotating_code" in config.second_fact:
        return ("rotating_code",), ()
    offered = {"pin": standing.has_pin, "reward_code": shopper.redemption_id is not None}
    facts: list[SecondFact] = [fact for fact in config.second_fact if offered.get(fact, True)]
    warnings = ["SECOND_FACT_NEEDED"]
    if shopper.identified_by == "phone":
        warnings.append("IDENTIFIED_BY_PHONE")
    if shopper.rotating and standing.code_used:
        warnings.append("ROTATING_CODE_USED")
    return tuple(facts), tuple(warnings)


def masked(display_name: str | None) -> str | None:
    """A name as it may be read aloud at a till: the first name, and an initial of the rest."""
    words = (display_name or "").split()
    if not words:
        return None
    return " ".join([words[0], *(f"{words[-1][0]}." for _ in words[1:2])])


def initials(display_name: str | None) -> str | None:
    """A name of which a guesser of telephone numbers learns little."""
    return " ".join(f"{word[0]}." for word in (display_name or "").split()[:2]) or None


async def quote(till: Till, basket: Basket, moment: Moment) -> Quote:
    """What settling this basket would give, and why the rest gives nothing. Writes nothing.

    Raises BasketInvalid, the card's refusals, MemberNotFound, TenderNotAccepted, PayLimitExceeded, BenefitNotInHand,
    RewardNotUsable, HoldNotOpen or OccurredTooLongAgo.
    """
    check_basket(basket, moment.now)
    db, at = till.database.reader, basket.occurred_at or moment.now
    shopper = await identify(till, db, basket, moment)
    rules = Rules.of(await till.programmes.at(at))
    question = Question(shopper.member_id, "", "", at, basket.store_id, basket.receipt, skus_of(basket))
    state = await read_state(db, rules, question)
    if state.status in (None, "erased") and not shopper.guest:
        raise MemberNotFound(field="memberId")
    in_hand = await read_in_hand(till, db, rules, shopper, basket, at, moment)
    sold = decide_basket(rules, state, basket, in_hand, at, new_id(), moment)
    return Quote(
        member_id=None if shopper.guest else shopper.member_id,
        evaluation=sold.decision.evaluation,
        benefits_used=sold.decision.benefits_used,
        tier_after=sold.decision.standing.tier,
        currency=basket.currency,
        total_minor=basket.total_minor,
        to_pay_minor=sold.to_pay_minor,
        lines=sold.sale.lines,
        discounts=sold.discounts,
        left_out=tuple(
            DiscountLeftOut(one.candidate.source, one.candidate.id, one.candidate.key, one.candidate.title, one.code)
            for one in sold.priced.left_out
        ),
        burned=sold.decision.burned,
        pay_with=() if shopper.guest else await _pay_with(db, rules, shopper, sold, moment),
        rewards_used=sold.rewards_used,
        second_fact_needed=sold.spends,
        hash=sold.hash,
    )


async def _pay_with(db: Queryable, rules: Rules, shopper: Shopper, sold: Sold, moment: Moment) -> tuple[PayWith, ...]:
    """How much of the basket each currency may pay, and this member's can."""
    limits = pay_options(rules, sold.sale)
    if not limits:
        return ()
    balances = (await balances_by_member(db, [shopper.member_id], moment.now))[shopper.member_id]
    spendable = {str(balance.currency): balance.available for balance in balances}
    put_aside = sold.hold.by_currency() if sold.hold else {}
    found = []
    for limit in limits:
        key = limit.currency.key
        has = spendable.get(key, 0) + put_aside.get(key, 0)
        units = limit.payable(has, sold.to_pay_minor, sold.sale.currency)
        found.append(PayWith(key, limit.units_max, units, limit.worth_minor(units, sold.sale.currency)))
    return tuple(found)


async def is_answered(db: Queryable, scope: str, key: str) -> bool:
    """Whether an operation of the till was answered under this key before."""
    sql = "SELECT EXISTS (SELECT FROM request WHERE scope = $1 AND key = $2 AND response IS NOT NULL)"
    answered: bool = await db.fetch_value(sql, scope, key)
    return answered
