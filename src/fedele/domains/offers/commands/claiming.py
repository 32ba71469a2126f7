"""Claiming an offer."""

from datetime import timedelta
from uuid import UUID

from fedele.db.database import Transaction
from fedele.db.idempotency import claim
from fedele.domains.budgets.commands import take
from fedele.domains.budgets.errors import BudgetExhausted
from fedele.domains.offers import errors, queries
from fedele.domains.offers.config import FreeRewardBenefit, Offer, OffersConfig
from fedele.domains.offers.eligibility import Setting, see
from fedele.domains.offers.events import OfferClaimed
from fedele.domains.offers.spending import reservation_of
from fedele.domains.offers.types import Claim, ClaimId
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import give_reward
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound, Refusal


async def claim_offer(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    offer_key: str,
    moment: Moment,
    key: str | None = None,
    at_places: frozenset[str] = frozenset(),
) -> Claim:
    """Give the member this offer. While a claim of it is in hand, repeating the call returns that claim; a repetition
    under the same idempotency `key` returns the first claim even when it has been used meanwhile.

    Raises NotFound, OfferClosed, OfferNotForMember, OfferElsewhere, OfferWeatherDiffers, OfferLimitReached,
    OfferExhausted, KeyReused. `moment.place` is where the member says they are; `at_places` where a beacon says so.
    """
    request = await claim(tx, f"claim:{member_id}", key, {"offer": offer_key}, member_id) if key else None
    if request is not None and request.response is not None:
        first = await queries.find_claim(tx, member_id, ClaimId(UUID(request.response["claim_id"])))
        assert first is not None, "claims are kept as long as requests"
        return first
    taken = await _claim(tx, programme, member_id, offer_key, moment, at_places)
    if request is not None:
        await request.answer(tx, {"claim_id": str(taken.id)})
    return taken


async def _claim(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    offer_key: str,
    moment: Moment,
    at_places: frozenset[str],
) -> Claim:
    await tx.lock_member(member_id)
    offer = programme.section(OffersConfig).find(offer_key)
    facts = await find_facts(tx, programme, member_id, moment.now)
    if offer is None or facts is None or not facts.active:
        raise NotFound(what="offer", field="offerId")
    favourite = facts.values.get("member.favourite_store")
    history = await queries.history_of(tx, programme, member_id, moment.now, moment.place, favourite)
    if earlier := history.in_hand(offer_key, moment.now):
        return earlier
    status = await status_of(tx, programme, member_id, moment)
    tier = status.current if status else None
    seen = see(offer, Setting(programme, facts, tier, history, moment, member_id, at_places, bool(at_places)))
    if isinstance(seen, Refusal):
        raise seen
    if seen.refusal is not None:
        raise errors.OfferElsewhere()
    await _count(tx, offer)
    made = Claim(
        ClaimId(new_id()),
        member_id,
        offer.key,
        programme.version,
        moment.now,
        moment.now + timedelta(hours=offer.limits.use_within_hours),
        variant=seen.variant,
    )
    await _write(tx, made)
    await _reserve(tx, programme, offer, made, moment)
    if isinstance(offer.benefit, FreeRewardBenefit):
        await give_reward(tx, programme, member_id, offer.benefit.reward, made.id, made.usable_until, moment)
    await tx.publish(
        OfferClaimed(
            member_id=member_id, occurred_at=moment.now, claim_id=made.id, offer_key=offer.key, variant=made.variant
        )
    )
    return made


async def _write(tx: Transaction, made: Claim) -> None:
    await tx.execute(
        """
        INSERT INTO offer_claim (member_id, claim_id, offer_key, programme_version, claimed_at, usable_until, variant)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        made.member_id, made.id, made.offer_key, made.programme_version, made.claimed_at, made.usable_until,
        made.variant,
    )  # fmt: skip


async def _count(tx: Transaction, offer: Offer) -> None:
    """Count the claim against the total, if there is one: the row's lock makes the stop a hard one."""
    if offer.limits.total is None:
        return
    counted = await tx.fetch_value(
        """
        INSERT INTO offer_total AS t (offer_key, claimed) VALUES ($1, 1)
        ON CONFLICT (offer_key) DO UPDATE SET claimed = t.claimed + 1 WHERE t.claimed < $2
        RETURNING claimed
        """,
        offer.key, offer.limits.total,
    )  # fmt: skip
    if counted is None:
        raise errors.OfferExhausted()


async def _reserve(tx: Transaction, programme: Programme, offer: Offer, made: Claim, moment: Moment) -> None:
    """Reserve what the claim may cost, if the offer has a budget; a multiplier's cost is taken by the sale."""
    reservation = reservation_of(offer, programme, made)
    if reservation is None:
        return
    try:
        await take(tx, made.member_id, [reservation], moment)
    except BudgetExhausted as error:
        raise errors.OfferExhausted() from error
