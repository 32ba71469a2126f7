"""Who stands at the till: the member of a scanned card, a member scanned before, or a guest."""

import dataclasses

from fedele.db.database import Queryable
from fedele.domains.checkout.errors import BasketInvalid
from fedele.domains.checkout.types import Basket
from fedele.domains.members.errors import CardCodeMalformed, CardCodeRevoked, CardCodeUnknown, MemberErased
from fedele.domains.members.queries import find_by_code
from fedele.domains.members.types import MemberStatus
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, guest_member_id


@dataclasses.dataclass(frozen=True, slots=True)
class Shopper:
    """Whom the sale is for, and whether the card shown is one that a screenshot cannot copy."""

    member_id: MemberId
    guest: bool = False
    rotating: bool = False


async def identify(db: Queryable, basket: Basket, moment: Moment) -> Shopper:
    """Find the shopper. An unknown or revoked card is refused, or its sale is a guest's, as the basket declares.

    Raises CardCodeMalformed, CardCodeUnknown, CardCodeRevoked or MemberErased; BasketInvalid for a card and a member
    that do not belong together.
    """
    if basket.card is None:
        if basket.member_id is not None:
            return Shopper(basket.member_id)
        return Shopper(guest_member_id(basket.store_id, basket.receipt), guest=True)
    try:
        shopper = await member_of_card(db, basket.card, moment)
    except (CardCodeMalformed, CardCodeUnknown, CardCodeRevoked, MemberErased):
        if basket.unknown_card == "guest":
            return Shopper(guest_member_id(basket.store_id, basket.receipt), guest=True)
        raise
    if basket.member_id not in (None, shopper.member_id):
        raise BasketInvalid(problem="The card is not this member's.", field="memberId")
    return shopper


async def member_of_card(db: Queryable, code: str, moment: Moment) -> Shopper:
    """The holder of a card. Raises CardCodeMalformed, CardCodeUnknown, CardCodeRevoked or MemberErased."""
    holder = await find_by_code(db, code, moment)
    if holder.revoked_at is not None:
        raise CardCodeRevoked(field="card")
    if holder.status is MemberStatus.ERASED:
        raise MemberErased(field="card")
    return Shopper(holder.member_id, rotating=holder.rotating)
