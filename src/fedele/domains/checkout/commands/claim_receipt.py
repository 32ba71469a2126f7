"""A guest's purchase becomes a member's: who forgot the card, or has joined since, shows the code on the receipt.

Two members are concerned, so it takes two transactions: the member's own settles what is left of the purchase, as of
its own time, and announces it; what the guest had is then taken back.
"""

import dataclasses
from datetime import timedelta
from decimal import Decimal

from fedele.domains.activity.events import PurchaseClaimed
from fedele.domains.activity.queries import find_purchase
from fedele.domains.activity.types import Line, Purchase, PurchaseId, ReturnedLine
from fedele.domains.checkout.commands.return_lines import return_lines_of
from fedele.domains.checkout.commands.settle import find_request, settle
from fedele.domains.checkout.errors import ReceiptClaimed, ReceiptGivenBack, ReceiptTooOld, ReceiptUnknown
from fedele.domains.checkout.identification import claim_key, find_claimed, read_receipt_token
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Basket, Return, Settlement
from fedele.domains.checkout.writing import read_settlement
from fedele.domains.earning.queries import taken_when_returned
from fedele.domains.till.config import TillConfig
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, guest_member_id
from fedele.kernel.refusal import KeyReused


async def claim_receipt(till: Till, member_id: MemberId, token: str, moment: Moment) -> Settlement:
    """Settle what is left of a guest's purchase for this member, by the rules and the tier of its own time, once. A
    repeat gets the identical Settlement. Offers that the member has in hand are not used up.

    Raises ReceiptUnknown, ReceiptClaimed (another's, or sold on a card), ReceiptTooOld, ReceiptGivenBack, MemberErased,
    MemberNotFound, OccurredTooLongAgo, or ReceiptKnown; nothing is written then.
    """
    purchase = await _find_guests(till, token)
    scope, key = f"settle/{purchase.store_id}", claim_key(purchase.id)
    if earlier := await find_request(till.database.reader, scope, key):
        if earlier.member_id != member_id:
            raise ReceiptClaimed(field="receipt")
        return read_settlement(earlier.response)
    days = (await till.programmes.at(moment.now)).section(TillConfig).claim_days
    if moment.now - purchase.occurred_at > timedelta(days=days) or days == 0:
        raise ReceiptTooOld(days=days, field="receipt")
    claimed = PurchaseClaimed(
        member_id=member_id, occurred_at=moment.now, guest_id=purchase.member_id, purchase_id=purchase.id
    )
    try:
        return await settle(till, _basket_of(purchase, member_id), key, moment, announces=(claimed,))
    except KeyReused:  # another was faster
        raise ReceiptClaimed(field="receipt") from None


async def give_up_claimed(till: Till, claimed: PurchaseClaimed, moment: Moment) -> None:
    """Take back what the guest had of a purchase that is a member's now. Again: nothing changes.

    What was returned between the look at the purchase and its settling is returned of the member's, too.
    """
    db = till.database.reader
    guests = await find_purchase(db, MemberId(claimed.guest_id), PurchaseId(claimed.purchase_id))
    if guests is None or await find_request(db, f"return/{guests.store_id}", claim_key(guests.id)):
        return
    named = await find_claimed(db, guests.member_id, guests.id, guests.store_id, guests.receipt)
    members = await find_purchase(db, *named) if named else None
    assert members is not None, "it was announced by the transaction that settled it"
    taken_over = {line.number: line.quantity for line in members.lines}
    late, rest = [], []
    for line in guests.lines:
        returned = guests.returned.get(line.number, Decimal(0))
        if (too_much := returned + taken_over.get(line.number, Decimal(0)) - line.quantity) > 0:
            late.append(ReturnedLine(line.number, too_much))
        if returned < line.quantity:
            rest.append(ReturnedLine(line.number, line.quantity - returned))
    if late:
        await return_lines_of(
            till, members, Return(store_id=members.store_id, lines=tuple(late)), f"{claim_key(guests.id)}:late", moment
        )
    if rest:
        await return_lines_of(
            till, guests, Return(store_id=guests.store_id, lines=tuple(rest)), claim_key(guests.id), moment
        )


async def _find_guests(till: Till, token: str) -> Purchase:
    """The guest's purchase of this receipt. Raises ReceiptUnknown, or ReceiptClaimed for one sold on a card."""
    named = read_receipt_token(till.peppers, token.strip().upper()) if till.peppers else None
    purchase = await find_purchase(till.database.reader, *named) if named else None
    if purchase is None:
        raise ReceiptUnknown(field="receipt")
    if purchase.member_id != guest_member_id(purchase.store_id, purchase.receipt):
        raise ReceiptClaimed(field="receipt")
    return purchase


def _basket_of(purchase: Purchase, member_id: MemberId) -> Basket:
    """What is left of the purchase, as the till told it. Raises ReceiptGivenBack."""
    lines = tuple(left for line in purchase.lines if (left := _left(line, purchase)) is not None)
    if not lines:
        raise ReceiptGivenBack(field="receipt")
    return Basket(
        store_id=purchase.store_id,
        receipt=purchase.receipt,
        currency=purchase.currency,
        lines=lines,
        # Which tender a return was paid back on nobody told: then nothing is said of how the rest was paid.
        tenders=() if purchase.returned else purchase.tenders,
        member_id=member_id,
        channel=purchase.channel,
        occurred_at=purchase.occurred_at,
        attributes=purchase.attributes,
        benefits=(),
    )


def _left(line: Line, purchase: Purchase) -> Line | None:
    """The line without what came back, to the cent as returns count it."""
    returned = purchase.returned.get(line.number, Decimal(0))
    if returned >= line.quantity:
        return None

    def left(minor: int) -> int:
        return minor - taken_when_returned(minor, line.quantity, returned)

    return dataclasses.replace(
        line,
        quantity=line.quantity - returned,
        amount_minor=left(line.amount_minor),
        tax_minor=left(line.tax_minor),
        discount_minor=left(line.discount_minor),
    )
