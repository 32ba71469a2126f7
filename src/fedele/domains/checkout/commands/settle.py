"""Settle a sale: earn, spend, take discounts off, use up, move the tier; whole or not at all, once per key."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from fedele.db.database import Queryable
from fedele.db.idempotency import input_hash
from fedele.domains.activity.errors import ReceiptKnown
from fedele.domains.activity.types import PurchaseId
from fedele.domains.checkout.basket import basket_body, check_basket, skus_of
from fedele.domains.checkout.commands.operation import Prepared, Request, answer_of, check_key, perform
from fedele.domains.checkout.errors import QuoteChanged
from fedele.domains.checkout.identification import Shopper, identify
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.pricing import Sold, decide_basket, read_in_hand
from fedele.domains.checkout.state import Question, Rules, StoredRequest, read_state
from fedele.domains.checkout.types import Basket, Honoured, Settlement
from fedele.domains.checkout.writing import events_to_json, read_settlement, sale_payload
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.members.errors import CardCodeRevoked, CardCodeUnknown, MemberErased, MemberNotFound
from fedele.domains.rewards.errors import RedemptionNotHeld
from fedele.domains.till.commands import authorisation_json, authorise, release_due_of
from fedele.domains.till.config import TillConfig
from fedele.domains.till.errors import SQLSTATE, RewardNotUsable, refusal
from fedele.domains.till.types import Authorisation, Evidence
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id


@dataclasses.dataclass(frozen=True, slots=True)
class Offline:
    """What differs for a sale made without the network: the basket as it was sent (which the key stands for), when its
    card was shown, and what the customer keeps though it could not be kept to."""

    sent: Basket
    shown_at: datetime
    honoured: tuple[Honoured, ...] = ()


async def settle(
    till: Till,
    basket: Basket,
    key: str,
    moment: Moment,
    *,
    quote: str | None = None,
    offline: Offline | None = None,
    announces: Sequence[Event] = (),
    quiet: bool = False,
) -> Settlement:
    """Settle the basket under the caller's idempotency key; a retry gets the identical Settlement.

    `quote` is the hash of what the customer was shown: anything else is refused. `announces`: events of the same
    transaction besides the sale's own. `quiet` (imports): nothing is announced. Raises BasketInvalid, KeyReused,
    ReceiptKnown, TenderNotAccepted, PayLimitExceeded, QuoteChanged, OccurredTooLongAgo, InsufficientPoints,
    MemberNotFound, MemberErased, BenefitNotInHand, the till's refusals of second facts, holds and rewards, or the
    card's; nothing is written then.
    """
    check_key(key)
    check_basket(basket, moment.now)
    scope, body = f"settle/{basket.store_id}", basket_body(offline.sent if offline else basket)
    digest = input_hash(body)
    try:
        shown = Moment(offline.shown_at) if offline else moment
        shopper = await identify(till, till.database.reader, basket, shown)
    except (CardCodeUnknown, CardCodeRevoked, RedemptionNotHeld):
        # A rotating code has run out by the time of the retry, a reward's is used: what was answered then still stands.
        if earlier := await find_request(till.database.reader, scope, key):
            return read_settlement(answer_of(earlier, digest))
        raise
    request = Request("settle_v2", shopper.member_id, scope, key, body, digest, moment, quiet)
    sale = _Sale(till, basket, shopper, request, quote, offline.honoured if offline else (), announces)
    try:
        return await sale.settled()
    except (InsufficientPoints, RewardNotUsable):
        # Perhaps a hold keeps it that has run out, and that the clock's next round would release.
        programme = await till.programmes.at(moment.now)
        if not await release_due_of(till.database, programme, shopper.member_id, moment):
            raise
        return await sale.settled()


class _Sale:
    """One sale on its way: its ids stay the same however often it is decided."""

    def __init__(
        self,
        till: Till,
        basket: Basket,
        shopper: Shopper,
        request: Request,
        quote: str | None,
        honoured: Sequence[Honoured],
        announces: Sequence[Event],
    ) -> None:
        self.till, self.basket, self.shopper, self.request = till, basket, shopper, request
        self.quote, self.honoured, self.announces = quote, honoured, announces
        self.at: datetime = basket.occurred_at or request.moment.now
        self.purchase_id = PurchaseId(new_id())
        self.authorisation: Authorisation | None = None

    async def settled(self) -> Settlement:
        """Perform it, and tell in our words what the database refuses."""
        basket = self.basket
        try:
            return read_settlement(await perform(self.till.database, self.request, self.prepare))
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "uq_purchase_member_id_store_id_receipt":
                raise
            raise ReceiptKnown(receipt=basket.receipt, store=basket.store_id, field="receipt") from None
        except asyncpg.PostgresError as error:
            if error.sqlstate != SQLSTATE:
                raise
            raise refusal(orjson.loads(error.detail or "{}")) from None

    async def prepare(self, db: Queryable) -> Prepared:
        """Read what the rules need and decide."""
        basket, member_id, moment = self.basket, self.shopper.member_id, self.request.moment
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
        in_hand = await read_in_hand(self.till, db, rules, self.shopper, basket, self.at, moment)
        sold = decide_basket(rules, state, basket, in_hand, self.at, self.purchase_id, moment)
        if self.quote is not None and self.quote != sold.hash:
            raise QuoteChanged(field="quote")
        await self._authorise(rules, sold)
        guest = self.shopper.guest
        payload = sale_payload(
            sold.decision, basket, sold.sale, self.purchase_id, member_id, state.standing, guest=guest
        )
        if self.announces:
            payload["events"] = [*payload["events"], *events_to_json(self.announces)]
        return Prepared(state.version, payload | self._spending(sold, payload))

    async def _authorise(self, rules: Rules, sold: Sold) -> None:
        """Pitfall 23: the code printed on a card may earn; spending takes a second fact."""
        if not sold.spends or self.authorisation is not None:
            return
        self.authorisation = await authorise(
            self.till.database,
            rules.programme.section(TillConfig),
            self.shopper.member_id,
            self.shopper.holder,
            Evidence(
                pin=self.basket.pin,
                request=f"{self.request.scope}/{self.request.key}",
                confirmation=self.basket.confirmation,
                reward_code=sold.spends_only(self.shopper.redemption_id),
            ),
            self.request.moment,
        )

    def _spending(self, sold: Sold, payload: dict[str, Any]) -> dict[str, Any]:
        """What the answer tells of money, and what is used up beside the ledger, if anything."""
        told = payload["response"] | {
            "currency": sold.sale.currency,
            "total_minor": sold.to_pay_minor,
            "discounts": [[d.source, str(d.id), d.key, d.minor, sorted(d.lines.items())] for d in sold.discounts],
            "rewards_used": [str(redemption) for redemption in sold.rewards_used],
            "late": sold.late,
            "honoured": [[one.code, one.field, dict(one.details)] for one in self.honoured],
        }
        authorised, hold = self.authorisation, sold.hold
        fact = authorised.fact if authorised else hold.fact if hold else None
        for tender in payload["purchase"]["tenders"]:
            if tender["kind"] == "points" and fact is not None:
                tender["second_fact"] = fact
        if authorised is None and hold is None and not sold.rewards_used:
            return {"response": told}
        spend = {
            "authorisation": authorisation_json(authorised) if authorised else None,
            "hold": str(hold.id) if hold else None,
            "redemptions": told["rewards_used"],
            "discounts": {
                str(d.id): {str(number): minor for number, minor in d.lines.items()}
                for d in sold.discounts
                if d.source == "reward"
            },
        }
        return {"response": told, "spend": spend}

    def _check_member(self, status: str | None) -> None:
        if status == "erased":
            raise MemberErased(field="memberId")
        if status is None and not self.shopper.guest:
            raise MemberNotFound(field="memberId")


async def find_request(db: Queryable, scope: str, key: str) -> StoredRequest | None:
    """The answer that this key got before, if any."""
    row = await db.fetch_row(
        "SELECT input_hash, response, member_id FROM request WHERE scope = $1 AND key = $2", scope, key
    )
    if row is None or row["response"] is None:
        return None
    return StoredRequest(row["input_hash"], row["response"], MemberId(UUID(str(row["member_id"]))))
