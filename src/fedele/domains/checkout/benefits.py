"""What the member may use up at the till, and what they could redeem: offers and rewards, as a till asks."""

from collections.abc import Sequence
from datetime import datetime

from fedele.db.database import Queryable
from fedele.domains.checkout.types import AffordableReward, Benefit
from fedele.domains.ledger.types import Balance
from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.queries import boost_of, list_in_hand
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.queries import catalogue, counts_of
from fedele.domains.segments.queries import find_facts
from fedele.kernel.ids import MemberId, StoreId


async def offers_in_hand(
    db: Queryable, programme: Programme, member_id: MemberId, store_id: StoreId | None, at: datetime, locale: str
) -> Sequence[Benefit]:
    """The claimed offers that a sale at this moment may use, one claim of each, the first to end first.

    A discount has no boost: the till takes it off and names the claim among the basket's benefits.
    """
    offers = programme.section(OffersConfig)
    default = programme.section(ProgrammeConfig).default_locale
    if not len(offers):
        return ()
    benefits: dict[str, Benefit] = {}
    for claim in await list_in_hand(db, member_id, at):
        offer = offers.find(claim.offer_key)
        if offer is None or claim.offer_key in benefits:
            continue
        found = boost_of(offer, programme, at)
        benefits[claim.offer_key] = Benefit(
            claim_id=claim.id,
            key=claim.offer_key,
            title=offer.creative.title.in_locale(locale or default, default),
            boost=found[0] if found else None,
            margin_floor=offer.margin_floor,
        )
    return tuple(benefits.values())


async def rewards_within_reach(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    balances: Sequence[Balance],
    tier: str | None,
    at: datetime,
    locale: str,
) -> Sequence[AffordableReward]:
    """The rewards the member could have now, cheapest first."""
    facts = await find_facts(db, programme, member_id, at)
    if facts is None:
        return ()
    counts = await counts_of(db, programme, member_id, at)
    spendable = {str(balance.currency): balance.available for balance in balances}
    default = programme.section(ProgrammeConfig).default_locale
    return tuple(
        AffordableReward(
            key=offered.reward.key,
            title=offered.reward.name.in_locale(locale, default),
            currency=offered.currency,
            units=offered.units,
        )
        for offered in catalogue(programme, facts, tier, counts, spendable, at)
        if offered.affordable
    )
