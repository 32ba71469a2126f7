"""What the till asks before it sells: scan and quote."""

from fedele.db.database import Queryable
from fedele.domains.checkout.basket import check_basket, sale_of, skus_of
from fedele.domains.checkout.commands.settle import benefits_in_hand
from fedele.domains.checkout.decision import decide_event, decide_sale
from fedele.domains.checkout.identification import identify, member_of_card
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.reversal import decide_return
from fedele.domains.checkout.series import RunningState, read_running_state
from fedele.domains.checkout.state import Question, Rules, read_state
from fedele.domains.checkout.types import Basket, Quote, TillMember
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.members.queries import get_member
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, new_id

# The decisions of the till, for whoever asks what they would be: pure, given a member's running state.
__all__ = [
    "Rules",
    "RunningState",
    "decide_event",
    "decide_return",
    "decide_sale",
    "is_answered",
    "masked",
    "quote",
    "read_running_state",
    "scan",
    "till_member",
]


async def scan(till: Till, code: str, store_id: StoreId | None, moment: Moment, locale: str = "en") -> TillMember:
    """Whom a scanned code belongs to, as a till may see them. Raises the card's refusals."""
    shopper = await member_of_card(till.database.reader, code, moment)
    return await till_member(till, shopper.member_id, store_id, moment, locale, rotating=shopper.rotating)


async def till_member(
    till: Till, member_id: MemberId, store_id: StoreId | None, moment: Moment, locale: str = "en", *, rotating: bool
) -> TillMember:
    """The member as a till may see them: masked name, tier, balances, what they hold and could have."""
    db = till.database.reader
    member = await get_member(db, member_id)
    programme = await till.programmes.at(moment.now)
    balances = (await balances_by_member(db, [member_id], moment.now))[member_id]
    tier = await status_of(db, programme, member_id, moment)
    tier_key = tier.current if tier else None
    warnings = () if rotating else ("SECOND_FACT_NEEDED",)
    return TillMember(
        member_id=member_id,
        display_name=masked(member.display_name),
        tier=tier,
        balances=tuple(balances),
        benefits=tuple(await till.benefits(db, programme, member_id, store_id, moment.now, locale)),
        rewards=tuple(await till.rewards(db, programme, member_id, balances, tier_key, moment.now, locale)),
        warnings=warnings,
    )


def masked(display_name: str | None) -> str | None:
    """A name as it may be read aloud at a till: the first name, and an initial of the rest."""
    words = (display_name or "").split()
    if not words:
        return None
    return " ".join([words[0], *(f"{words[-1][0]}." for _ in words[1:2])])


async def quote(till: Till, basket: Basket, moment: Moment) -> Quote:
    """What settling this basket would give, and why the rest gives nothing. Writes nothing.

    Raises BasketInvalid, the card's refusals, MemberNotFound or TenderNotAccepted.
    """
    check_basket(basket, moment.now)
    db, at = till.database.reader, basket.occurred_at or moment.now
    shopper = await identify(db, basket, moment)
    rules = Rules.of(await till.programmes.at(at))
    question = Question(shopper.member_id, "", "", at, basket.store_id, basket.receipt, skus_of(basket))
    state = await read_state(db, rules, question)
    if state.status in (None, "erased") and not shopper.guest:
        raise MemberNotFound(field="memberId")
    benefits = await benefits_in_hand(till, db, rules, shopper, basket, at)
    decision = decide_sale(rules, state, sale_of(basket, at, state.products), new_id(), benefits, moment.now)
    return Quote(
        member_id=None if shopper.guest else shopper.member_id,
        evaluation=decision.evaluation,
        benefits_used=decision.benefits_used,
        tier_after=decision.standing.tier,
    )


async def is_answered(db: Queryable, scope: str, key: str) -> bool:
    """Whether an operation of the till was answered under this key before."""
    sql = "SELECT EXISTS (SELECT FROM request WHERE scope = $1 AND key = $2 AND response IS NOT NULL)"
    answered: bool = await db.fetch_value(sql, scope, key)
    return answered
