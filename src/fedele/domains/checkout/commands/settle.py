"""Settle a sale: earn, spend, use benefits up, move the tier; whole or not at all, once per key."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from fedele.db.database import Queryable
from fedele.db.idempotency import input_hash
from fedele.domains.activity.errors import ReceiptKnown
from fedele.domains.activity.types import PurchaseId
from fedele.domains.checkout.basket import basket_body, check_basket, sale_of, skus_of
from fedele.domains.checkout.commands.operation import Prepared, Request, answer_of, check_key, perform
from fedele.domains.checkout.decision import decide_sale
from fedele.domains.checkout.errors import BenefitNotInHand, SecondFactNeeded
from fedele.domains.checkout.identification import Shopper, identify
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.state import Question, Rules, StoredRequest, read_state
from fedele.domains.checkout.types import Basket, Benefit, Settlement
from fedele.domains.checkout.writing import read_settlement, sale_payload
from fedele.domains.members.errors import CardCodeUnknown, MemberErased, MemberNotFound
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id


async def settle(till: Till, basket: Basket, key: str, moment: Moment, *, quiet: bool = False) -> Settlement:
    """Settle the basket under the caller's idempotency key; a retry gets the identical Settlement.

    `quiet` (imports): nothing is announced. Raises BasketInvalid, KeyReused, ReceiptKnown, SecondFactNeeded,
    TenderNotAccepted, InsufficientPoints, MemberNotFound, MemberErased or the card's refusals; nothing is written then.
    """
    check_key(key)
    check_basket(basket, moment.now)
    scope, body = f"settle/{basket.store_id}", basket_body(basket)
    digest = input_hash(body)
    try:
        shopper = await identify(till.database.reader, basket, moment)
    except CardCodeUnknown:
        # A rotating code has run out by the time of the retry: what was answered then still stands.
        if earlier := await _find_request(till.database.reader, scope, key):
            return read_settlement(answer_of(earlier, digest))
        raise
    _check_second_fact(basket, shopper)
    request = Request("settle_v2", shopper.member_id, scope, key, body, digest, moment, quiet)
    sale = _Sale(till, basket, shopper, request)
    try:
        return read_settlement(await perform(till.database, request, sale.prepare))
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "uq_purchase_member_id_store_id_receipt":
            raise
        raise ReceiptKnown(receipt=basket.receipt, store=basket.store_id, field="receipt") from None


class _Sale:
    """One sale on its way: its ids stay the same however often it is decided."""

    def __init__(self, till: Till, basket: Basket, shopper: Shopper, request: Request) -> None:
        self.till, self.basket, self.shopper, self.request = till, basket, shopper, request
        self.at: datetime = basket.occurred_at or request.moment.now
        self.purchase_id = PurchaseId(new_id())

    async def prepare(self, db: Queryable) -> Prepared:
        """Read what the rules need and decide."""
        basket, member_id = self.basket, self.shopper.member_id
        rules = Rules.of(await self.till.programmes.at(self.at))
        state = await read_state(
            db,
            rules,
            Question(
                member_id,
                self.request.scope,
                self.request.key,
                self.at,
                store_id=basket.store_id,
                receipt=basket.receipt,
                skus=skus_of(basket),
            ),
        )
        if state.request is not None:
            return Prepared(state.version, {}, state.request)
        self._check_member(state.status)
        if state.purchase_id is not None:
            raise ReceiptKnown(receipt=basket.receipt, store=basket.store_id, field="receipt")
        sale = sale_of(basket, self.at, state.products)
        benefits = await benefits_in_hand(self.till, db, rules, self.shopper, basket, self.at)
        decision = decide_sale(rules, state, sale, self.purchase_id, benefits, self.request.moment.now)
        guest = self.shopper.guest
        payload = sale_payload(decision, basket, sale, self.purchase_id, member_id, state.standing, guest=guest)
        _note_second_fact(payload, self.shopper)
        return Prepared(state.version, payload)

    def _check_member(self, status: str | None) -> None:
        if status == "erased":
            raise MemberErased(field="memberId")
        if status is None and not self.shopper.guest:
            raise MemberNotFound(field="memberId")


async def benefits_in_hand(
    till: Till, db: Queryable, rules: Rules, shopper: Shopper, basket: Basket, at: datetime
) -> tuple[Benefit, ...]:
    """What the shopper uses up with this basket: all that earns more, or what the till chose. A guest holds nothing."""
    if basket.benefits == () or (shopper.guest and not basket.benefits):
        return ()
    if shopper.guest:
        raise BenefitNotInHand(field="offers")
    held = await till.benefits(db, rules.programme, shopper.member_id, basket.store_id, at, "")
    if basket.benefits is None:
        return tuple(benefit for benefit in held if benefit.boost is not None)
    chosen = tuple(benefit for benefit in held if benefit.claim_id in basket.benefits)
    if len(chosen) != len(set(basket.benefits)):
        raise BenefitNotInHand(field="offers")
    return chosen


def _check_second_fact(basket: Basket, shopper: Shopper) -> None:
    """Pitfall 23: the code printed on a card may earn; spending takes the app's code or a cashier's word."""
    spends = any(tender.kind == "points" for tender in basket.tenders)
    if spends and not shopper.rotating and not basket.confirmation:
        raise SecondFactNeeded(field="card")


def _note_second_fact(payload: dict[str, Any], shopper: Shopper) -> None:
    """Keep with each points tender what let it spend; the cashier's own words may be personal and are not kept."""
    for tender in payload["purchase"]["tenders"]:
        if tender["kind"] == "points":
            tender["second_fact"] = "rotating_code" if shopper.rotating else "cashier"


async def _find_request(db: Queryable, scope: str, key: str) -> StoredRequest | None:
    row = await db.fetch_row(
        "SELECT input_hash, response, member_id FROM request WHERE scope = $1 AND key = $2", scope, key
    )
    if row is None or row["response"] is None:
        return None
    return StoredRequest(row["input_hash"], row["response"], MemberId(UUID(str(row["member_id"]))))
