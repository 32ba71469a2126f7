"""Put value aside for a basket while the customer packs; give it back."""

import asyncpg
import orjson

from fedele.db.idempotency import input_hash
from fedele.domains.checkout.commands.operation import answer_of, check_key
from fedele.domains.checkout.commands.settle import find_request
from fedele.domains.checkout.errors import BasketInvalid, StoreForbidden
from fedele.domains.checkout.identification import Shopper, member_of_card
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import HoldRequest
from fedele.domains.ledger.errors import InsufficientPoints
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.till.commands import authorise, hold_value, release_due_of, release_hold
from fedele.domains.till.config import TillConfig
from fedele.domains.till.errors import SQLSTATE, RewardNotUsable, refusal
from fedele.domains.till.queries import find_hold, get_hold
from fedele.domains.till.types import Evidence, Hold, HoldAsked, HoldId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.refusal import NotFound


async def hold(till: Till, asked: HoldRequest, key: str, moment: Moment) -> Hold:
    """Put units and rewards aside, and buy rewards, for the holder of a card; a retry gets the same Hold.

    What is held was allowed by a second fact: the sale that names the hold needs none. Raises the card's refusals,
    those of second facts and of redeeming, HoldEmpty, RewardNotUsable, InsufficientPoints, InvalidInput or KeyReused.
    """
    check_key(key)
    body = _body(asked)
    db = till.database.reader
    if earlier := await find_request(db, f"hold/{asked.store_id}", key):
        answer = answer_of(earlier, input_hash(body))
        return await get_hold(db, earlier.member_id, HoldId(answer["hold_id"]), moment.now)
    shopper = await _shopper(till, asked, moment)
    programme = await till.programmes.at(moment.now)
    evidence = Evidence(pin=asked.pin, request=f"hold/{asked.store_id}/{key}", confirmation=asked.confirmation)
    allowed = await authorise(
        till.database, programme.section(TillConfig), shopper.member_id, shopper.holder, evidence, moment
    )
    wanted = HoldAsked(
        member_id=shopper.member_id,
        store_id=asked.store_id,
        units=asked.units,
        rewards=asked.rewards,
        redeem=asked.redeem,
        minutes=asked.minutes,
    )

    async def held() -> Hold:
        async with till.database.transaction() as tx:
            return await hold_value(tx, programme, wanted, allowed, key, body, moment)

    try:
        try:
            return await held()
        except (InsufficientPoints, RewardNotUsable):
            # Perhaps an earlier hold keeps it that has run out, and that the clock's next round would release.
            if not await release_due_of(till.database, programme, shopper.member_id, moment):
                raise
            return await held()
    except asyncpg.PostgresError as error:
        if error.sqlstate != SQLSTATE:
            raise
        raise refusal(orjson.loads(error.detail or "{}")) from None


async def release(till: Till, store_id: StoreId, member_id: MemberId, hold_id: HoldId, moment: Moment) -> Hold:
    """Give what was put aside back before its end. Repeating it changes nothing.

    Raises NotFound, StoreForbidden for another store's hold, or HoldNotOpen for one that a sale has used.
    """
    programme = await till.programmes.at(moment.now)
    async with till.database.transaction() as tx:
        found = await find_hold(tx, member_id, hold_id, moment.now)
        if found is None:
            raise NotFound(what="hold", field="holdId")
        if found.store_id != store_id:
            raise StoreForbidden(field="holdId")
        return await release_hold(tx, programme, member_id, hold_id, moment)


async def _shopper(till: Till, asked: HoldRequest, moment: Moment) -> Shopper:
    if asked.card is None:
        if asked.member_id is None:
            raise MemberNotFound(field="memberId")
        return Shopper(asked.member_id)
    shopper = await member_of_card(till.database.reader, asked.card, moment, till.peppers)
    if asked.member_id not in (None, shopper.member_id):
        raise BasketInvalid(problem="The card is not this member's.", field="memberId")
    return shopper


def _body(asked: HoldRequest) -> dict[str, object]:
    """What the idempotency key stands for: never the PIN."""
    return {
        "store": asked.store_id,
        "card": asked.card,
        "member": str(asked.member_id) if asked.member_id else None,
        "units": dict(asked.units),
        "rewards": [str(reward) for reward in asked.rewards],
        "redeem": list(asked.redeem),
        "minutes": asked.minutes,
    }
