"""Who stands at the till: the member of a scanned card, phone or receipt, a member scanned before, or a guest."""

import dataclasses
import re
from uuid import UUID

from fedele.db.database import Queryable
from fedele.domains.activity.types import PurchaseId
from fedele.domains.auth.commands import take
from fedele.domains.checkout.errors import BasketInvalid
from fedele.domains.checkout.identification.receipts import RECEIPT_PREFIX, find_claimed, read_receipt_token
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Basket, IdentifiedBy
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.errors import CardCodeMalformed, CardCodeRevoked, CardCodeUnknown, MemberErased
from fedele.domains.members.queries import find_by_code, find_by_identity
from fedele.domains.members.types import CardHolder, Identity, MemberStatus, Peppers
from fedele.domains.rewards.errors import RedemptionNotHeld
from fedele.domains.rewards.queries import find_by_code as find_redemption_by_code
from fedele.domains.rewards.queries import reward_of
from fedele.domains.rewards.types import is_generated
from fedele.domains.till.config import TillConfig
from fedele.domains.till.errors import PhoneLookupOff
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, guest_member_id

LOOKUPS_BURST, LOOKUPS_SECONDS = 20, 600  # by telephone, for each till key
_PHONE = re.compile(r"[+0-9][0-9 ()./-]{5,24}")


@dataclasses.dataclass(frozen=True, slots=True)
class Shopper:
    """Whom the sale is for, and how we know. `holder` is the scanned card's."""

    member_id: MemberId
    guest: bool = False
    holder: CardHolder | None = None
    identified_by: IdentifiedBy = "static_code"
    purchase_id: PurchaseId | None = None  # of a scanned receipt
    redemption_id: UUID | None = None  # of a scanned reward

    @property
    def rotating(self) -> bool:
        """Whether the code shown is one that a screenshot cannot copy for long."""
        return self.holder is not None and self.holder.rotating


async def identify(till: Till, db: Queryable, basket: Basket, moment: Moment) -> Shopper:
    """Find the shopper. An unknown or revoked card is refused, or its sale is a guest's, as the basket declares.

    Raises CardCodeMalformed, CardCodeUnknown, CardCodeRevoked or MemberErased; BasketInvalid for a card and a member
    that do not belong together.
    """
    if basket.card is None:
        if basket.member_id is not None:
            return Shopper(basket.member_id)
        return Shopper(guest_member_id(basket.store_id, basket.receipt), guest=True)
    try:
        shopper = await _member_of_reward(till, db, basket.card, moment) or await member_of_card(
            db, basket.card, moment, till.peppers
        )
    except (CardCodeMalformed, CardCodeUnknown, CardCodeRevoked, MemberErased):
        if basket.unknown_card == "guest":
            return Shopper(guest_member_id(basket.store_id, basket.receipt), guest=True)
        raise
    if basket.member_id not in (None, shopper.member_id):
        raise BasketInvalid(problem="The card is not this member's.", field="memberId")
    return shopper


async def member_of_card(db: Queryable, code: str, moment: Moment, peppers: Peppers | None = None) -> Shopper:
    """The holder of a card. Raises CardCodeMalformed, CardCodeUnknown, CardCodeRevoked or MemberErased."""
    holder = await find_by_code(db, code, moment, peppers)
    if holder.status is MemberStatus.ERASED:
        raise MemberErased(field="card")
    if holder.revoked_at is not None:
        raise CardCodeRevoked(reason=holder.revoked_because, field="card")
    return Shopper(holder.member_id, holder=holder, identified_by="rotating_code" if holder.rotating else "static_code")


async def member_of_code(till: Till, code: str, store_id: StoreId | None, caller: str, moment: Moment) -> Shopper:
    """Whom anything that a till can read belongs to: a card, a reward's own code (of its pass, or the app), a telephone
    number, or a receipt of its own store.

    Raises the card's refusals; RedemptionNotHeld for a reward that was used; IdentityInvalid, PhoneLookupOff or
    RateLimited for numbers. An unknown number and a foreign receipt look like an unknown card.
    """
    text = code.strip()
    if text.upper().startswith(RECEIPT_PREFIX):
        return await _member_of_receipt(till, text.upper(), store_id)
    if shopper := await _member_of_reward(till, till.database.reader, text, moment):
        return shopper
    if _PHONE.fullmatch(text):
        return await _member_of_phone(till, text, caller, moment)
    return await member_of_card(till.database.reader, text, moment, till.peppers)


async def _member_of_reward(till: Till, db: Queryable, text: str, moment: Moment) -> Shopper | None:
    """Who holds the reward of this code; None: it is no such code. Raises RedemptionNotHeld for one that is over.

    Only codes that we made: those of an imported pool may be guessable, and are for use elsewhere.
    """
    code = text.strip().upper()
    if not is_generated(code):
        return None
    redemption = await find_redemption_by_code(db, code, moment.now)
    if redemption is None:
        return None
    reward = reward_of(redemption, await till.programmes.at(moment.now))
    if reward is None or getattr(reward, "codes", "generated") != "generated":
        return None
    if redemption.status != "held":
        raise RedemptionNotHeld(status=redemption.status, field="code")
    return Shopper(redemption.member_id, identified_by="reward_code", redemption_id=redemption.id)


async def _member_of_phone(till: Till, text: str, caller: str, moment: Moment) -> Shopper:
    programme = await till.programmes.at(moment.now)
    if till.peppers is None or not programme.section(TillConfig).phone_lookup:
        raise PhoneLookupOff(field="code")
    # Counted before it is looked up, found or not: nobody tries a directory at a till.
    await take(
        till.database, till.peppers, "till-phone", caller,
        burst=LOOKUPS_BURST, seconds=LOOKUPS_SECONDS, moment=moment,
    )  # fmt: skip
    identity = Identity.parse("phone", text, programme.section(MembersConfig).phone_region)
    member_id = await find_by_identity(till.database.reader, identity, till.peppers)
    if member_id is None:
        raise CardCodeUnknown(field="code")
    return Shopper(member_id, identified_by="phone")


async def _member_of_receipt(till: Till, token: str, store_id: StoreId | None) -> Shopper:
    read = read_receipt_token(till.peppers, token) if till.peppers else None
    if read is None:
        raise CardCodeMalformed(field="code")
    member_id, purchase_id = read
    sold = await till.database.reader.fetch_row(
        "SELECT store_id, receipt FROM purchase WHERE member_id = $1 AND purchase_id = $2", member_id, purchase_id
    )
    if sold is None or (store_id is not None and sold["store_id"] != store_id):
        raise CardCodeUnknown(field="code")
    if claimed := await find_claimed(till.database.reader, member_id, purchase_id, sold["store_id"], sold["receipt"]):
        member_id, purchase_id = claimed  # a guest's then, a member's now
    return Shopper(member_id, identified_by="receipt", purchase_id=purchase_id)
