"""Settle a member's history: the till's own decisions, one after the other in memory, written in one call."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fedele.db.database import Transaction
from fedele.db.idempotency import input_hash
from fedele.domains.activity.errors import ReceiptKnown
from fedele.domains.activity.queries import products_by_sku
from fedele.domains.activity.types import PurchaseId
from fedele.domains.checkout.basket import basket_body, check_basket, sale_of, skus_of
from fedele.domains.checkout.decision import decide_sale
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.series import KnownReceipt, RunningState, known_receipts, read_running_state
from fedele.domains.checkout.state import Rules
from fedele.domains.checkout.types import Basket, SeriesSale
from fedele.domains.checkout.writing import sale_payload
from fedele.domains.ledger.errors import refusal
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import from_units
from fedele.kernel.refusal import KeyReused, Refusal

Products = Mapping[str, Sequence[str | None]]


async def settle_series(
    till: Till, tx: Transaction, member_id: MemberId, baskets: Sequence[Basket], moment: Moment, *, write: bool = True
) -> list[SeriesSale]:
    """Settle these baskets of one member in the order given, by the rules and the tier of each one's own time.

    What is written is what settling them one by one would have written; nothing is announced if the transaction is
    quiet. A receipt that is known already is left alone. One answer per basket, in order: a basket that is refused
    does not stop the others. Without `write` nothing is written, and the answers say what would have been.
    Benefits in hand are not used up. The caller keeps a series short enough for one transaction (some hundreds).
    """
    await tx.lock_member(member_id)
    work = _Series(till, tx, member_id, moment, write)
    return await work.run(baskets)


@dataclasses.dataclass(frozen=True, slots=True)
class _Decided:
    place: int  # among the baskets
    request: Mapping[str, Any]
    units: Mapping[str, int]


class _Series:
    """One series on its way."""

    def __init__(self, till: Till, tx: Transaction, member_id: MemberId, moment: Moment, write: bool) -> None:
        self.till, self.tx, self.member_id, self.moment, self.write = till, tx, member_id, moment, write
        self.answers: dict[int, SeriesSale] = {}
        self.rules: dict[int, Rules] = {}
        self.products: Products = {}

    async def run(self, baskets: Sequence[Basket]) -> list[SeriesSale]:
        """Decide and write; a refusal by the ledger makes what comes after it be decided again."""
        known = await known_receipts(self.tx, [b.store_id for b in baskets], [b.receipt for b in baskets])
        waiting = [place for place, basket in enumerate(baskets) if not self._answered(place, basket, known)]
        skus = sorted({sku for place in waiting for sku in skus_of(baskets[place])})
        found = await products_by_sku(self.tx, skus)
        self.products = {sku: (p.name, p.category, p.department, p.brand) for sku, p in found.items()}
        while waiting:
            decided = await self._decide(baskets, waiting)
            done = await self._record(decided) if self.write else self._would_record(decided)
            waiting = [place for place in waiting if place > done]
        return [self.answers[place] for place in range(len(baskets))]

    def _answered(self, place: int, basket: Basket, known: Mapping[tuple[str, str], KnownReceipt]) -> bool:
        """Answer what needs no decision: a basket that contradicts itself, a receipt that is known."""
        try:
            check_basket(basket, self.moment.now)
        except Refusal as error:
            self.answers[place] = SeriesSale("refused", error)
            return True
        earlier = known.get((basket.store_id, basket.receipt))
        if earlier is None:
            return False
        same = KnownReceipt(self.member_id, basket.total_minor, self._at(basket))
        unknown = ReceiptKnown(receipt=basket.receipt, store=basket.store_id, field="receipt")
        self.answers[place] = SeriesSale("known") if earlier == same else SeriesSale("refused", unknown)
        return True

    def _at(self, basket: Basket) -> datetime:
        return basket.occurred_at or self.moment.now

    async def _decide(self, baskets: Sequence[Basket], waiting: Sequence[int]) -> list[_Decided]:
        state = await read_running_state(self.tx, self.member_id)
        if state.status in (None, "erased"):
            raise MemberErased(field="memberId") if state.status else MemberNotFound(field="memberId")
        decided: list[_Decided] = []
        for place in waiting:
            rules = await self._rules(self._at(baskets[place]))
            by_balance = "member.balances" in rules.earning.names
            if by_balance and decided:
                break  # what the ledger holds by then is not known before the others are written
            try:
                decided.append(await self._decide_one(place, baskets[place], rules, state, by_balance))
            except Refusal as error:
                self.answers[place] = SeriesSale("refused", error)
        return decided

    async def _decide_one(
        self, place: int, basket: Basket, rules: Rules, running: RunningState, by_balance: bool
    ) -> _Decided:
        at, purchase_id = self._at(basket), PurchaseId(new_id())
        state = running.at(rules, at, self.products)
        if by_balance:
            state = dataclasses.replace(
                state, facts={**state.facts, "member.balances": await self._balances(rules, at)}
            )
        sale = sale_of(basket, at, self.products)
        decision = decide_sale(rules, state, sale, purchase_id, (), self.moment.now)
        payload = sale_payload(decision, basket, sale, purchase_id, self.member_id, state.standing, guest=False)
        running.take(decision, at)
        request = {
            "scope": f"settle/{basket.store_id}",
            "key": f"import:{basket.receipt}",
            "hash": input_hash(basket_body(basket)).hex(),
            "sale": payload,
            "version": running.version,
        }
        return _Decided(place, request, payload["purchase"]["points"])

    async def _rules(self, at: datetime) -> Rules:
        programme = await self.till.programmes.at(at)
        if programme.version not in self.rules:
            self.rules[programme.version] = Rules.of(programme)
        return self.rules[programme.version]

    async def _balances(self, rules: Rules, at: datetime) -> dict[str, Any]:
        balances = (await balances_by_member(self.tx, [self.member_id], at))[self.member_id]
        currencies = rules.earning.currencies
        return {b.currency: from_units(b.available, currencies.get(b.currency).decimals) for b in balances}

    async def _record(self, decided: Sequence[_Decided]) -> int:
        """Write them. Returns the place up to which every basket has its answer."""
        if not decided:
            return len(self.answers)
        replies = await self.tx.fetch_value(
            "SELECT settle_series_v2($1, $2, $3, $4, $5)",
            self.member_id,
            decided[0].request["version"],
            self.moment.now,
            [sale.request for sale in decided],
            self.tx.quiet,
        )
        for sale, reply in zip(decided, replies, strict=False):
            self.answers[sale.place] = _answer(reply, sale.units)
        return decided[len(replies) - 1].place

    def _would_record(self, decided: Sequence[_Decided]) -> int:
        for sale in decided:
            self.answers[sale.place] = SeriesSale("settled", units=sale.units)
        return decided[-1].place if decided else len(self.answers)


def _answer(reply: Mapping[str, Any], units: Mapping[str, int]) -> SeriesSale:
    match reply["status"]:
        case "done":
            return SeriesSale("settled", units=units)
        case "repeated":
            return SeriesSale("known")
        case "key_reused":
            return SeriesSale("refused", KeyReused(field="receipt"))
        case "refused":
            return SeriesSale("refused", refusal(reply["code"], reply["details"]))
        case status:  # pragma: no cover - nobody can change a member whose lock we hold
            raise AssertionError(status)
