"""Take lines back: claw back what they earned, give back what paid for them, lower what qualified; once per key."""

from datetime import datetime
from decimal import Decimal

import asyncpg

from fedele.db.database import Queryable
from fedele.db.idempotency import input_hash
from fedele.domains.activity.queries import find_purchase, find_purchase_by_receipt
from fedele.domains.activity.types import Purchase, ReturnId
from fedele.domains.budgets.commands import returned
from fedele.domains.checkout.basket import CLOCK_DRIFT
from fedele.domains.checkout.commands.operation import Prepared, Request, check_key, perform
from fedele.domains.checkout.errors import PurchaseNotFound, ReturnInvalid
from fedele.domains.checkout.identification import find_claimed
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.reversal import check_return, decide_return, read_return, return_payload
from fedele.domains.checkout.state import Question, Rules, read_state
from fedele.domains.checkout.types import Return, ReturnSettlement
from fedele.domains.earning.queries import given_awards
from fedele.domains.rewards.queries import reopened_by, uses_of_purchase
from fedele.kernel.clock import Moment
from fedele.kernel.ids import new_id


async def return_lines(till: Till, asked: Return, key: str, moment: Moment, *, quiet: bool = False) -> ReturnSettlement:
    """Settle the return under the caller's idempotency key; a retry gets the identical ReturnSettlement.

    Any sequence of partial returns takes and gives exactly what one full return would. Raises PurchaseNotFound,
    ReturnInvalid, ReturnExceedsPurchase, KeyReused or InvalidInput; then nothing was written.
    """
    purchase = await _find_purchase(till.database.reader, asked)
    if purchase is None:
        raise PurchaseNotFound(field="receipt" if asked.purchase_id is None else "purchaseId")
    return await return_lines_of(till, purchase, asked, key, moment, quiet=quiet)


async def return_lines_of(
    till: Till, purchase: Purchase, asked: Return, key: str, moment: Moment, *, quiet: bool = False
) -> ReturnSettlement:
    """The same, of a purchase that was found already."""
    check_key(key)
    _check_time(asked, purchase, moment.now)
    body = {
        "store": asked.store_id,
        "purchase": str(purchase.id),
        "lines": [[line.number, str(line.quantity)] for line in asked.lines],
        "occurred_at": asked.occurred_at.isoformat() if asked.occurred_at else None,
    }
    request = Request(
        "return_v2", purchase.member_id, f"return/{asked.store_id}", key, body, input_hash(body), moment, quiet
    )
    work = _Return(till, asked, purchase, request)
    try:
        return read_return(await perform(till.database, request, work.prepare))
    except asyncpg.CheckViolationError as error:  # pragma: no cover - the last wall, behind the version check
        raise ReturnInvalid(problem="More would come back than was bought.", field="lines") from error


def _check_time(asked: Return, purchase: Purchase, now: datetime) -> None:
    """Nothing comes back before it was bought, nor tomorrow; the clocks of two tills may differ a little."""
    if asked.occurred_at is None:
        return
    if asked.occurred_at > now + CLOCK_DRIFT:
        raise ReturnInvalid(problem="occurredAt lies in the future: check the till's clock.", field="occurredAt")
    if asked.occurred_at < purchase.occurred_at - CLOCK_DRIFT:
        raise ReturnInvalid(problem="occurredAt lies before the purchase.", field="occurredAt")


class _Return:
    """One return on its way: its id stays the same however often it is decided."""

    def __init__(self, till: Till, asked: Return, purchase: Purchase, request: Request) -> None:
        self.till, self.asked, self.request = till, asked, request
        self.member_id, self.purchase_id = purchase.member_id, purchase.id
        self.at: datetime = asked.occurred_at or request.moment.now
        self.return_id = ReturnId(new_id())

    async def prepare(self, db: Queryable) -> Prepared:
        """Read the member's version first, then the purchase and its awards: a change in between is noticed by it."""
        rules = Rules.of(await self.till.programmes.at(self.at))
        question = Question(self.member_id, self.request.scope, self.request.key, self.at)
        state = await read_state(db, rules, question)
        if state.request is not None:
            return Prepared(state.version, {}, state.request)
        purchase = await find_purchase(db, self.member_id, self.purchase_id)
        if purchase is None:
            raise PurchaseNotFound(field="purchaseId")
        check_return(self.asked, purchase)
        awards = await given_awards(db, self.member_id, self.purchase_id)
        decision = decide_return(rules, state, purchase, self.asked, awards, self.return_id, self.at)
        payload = return_payload(decision, purchase, self.asked, self.return_id, state.standing, rules, self.at)
        reopens = await self._reopens(db, purchase)
        return Prepared(state.version, {**payload, "budgets": [returned(self.purchase_id)], "reopens": reopens})

    async def _reopens(self, db: Queryable, purchase: Purchase) -> list[str]:
        """The rewards that the purchase used up and that come back with these lines."""
        uses = await uses_of_purchase(db, self.member_id, self.purchase_id)
        if not uses:
            return []
        back = dict(purchase.returned)
        for line in self.asked.lines:
            back[line.number] = back.get(line.number, Decimal(0)) + line.quantity
        bought = {line.number: line.quantity for line in purchase.lines}
        return [str(use.redemption_id) for use in reopened_by(uses, bought, back)]


async def _find_purchase(db: Queryable, asked: Return) -> Purchase | None:
    """The purchase, if it was made where the caller says (here, unless they name another store)."""
    bought_at = asked.purchase_store_id or asked.store_id
    if asked.purchase_id is not None and asked.member_id is not None:
        purchase = await find_purchase(db, asked.member_id, asked.purchase_id)
        if purchase is None or purchase.store_id != bought_at:
            return None
        # A receipt goes on naming the guest it was printed for: what it stands for may have become a member's.
        claimed = await find_claimed(db, purchase.member_id, purchase.id, purchase.store_id, purchase.receipt)
        return await find_purchase(db, *claimed) if claimed else purchase
    if asked.receipt is not None:
        return await find_purchase_by_receipt(db, bought_at, asked.receipt)
    return None
