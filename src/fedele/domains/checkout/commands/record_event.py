"""Record something a member did that is no purchase, and give what it earns; once per key."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable
from fedele.db.idempotency import input_hash
from fedele.domains.checkout.basket import CLOCK_DRIFT
from fedele.domains.checkout.commands.operation import Prepared, Request, check_key, perform
from fedele.domains.checkout.decision import decide_event
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.state import Question, Rules, read_state
from fedele.domains.checkout.types import EventSettlement
from fedele.domains.checkout.writing import event_payload, read_event_settlement
from fedele.domains.earning.queries import read_means
from fedele.domains.earning.types import Occasion
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, new_id
from fedele.kernel.refusal import InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9_.]{0,62}")
PROPERTIES_MAX = 100


async def record_event(
    till: Till,
    member_id: MemberId,
    name: str,
    properties: Mapping[str, Any],
    key: str,
    moment: Moment,
    *,
    occurred_at: datetime | None = None,
    store_id: StoreId | None = None,
    source: str = "app",
    quiet: bool = False,
) -> EventSettlement:
    """Record the event under the caller's idempotency key; a retry gets the identical EventSettlement.

    Raises InvalidInput, KeyReused, MemberNotFound or MemberErased; then nothing was written.
    """
    check_key(key)
    _check(name, properties, occurred_at, moment)
    occasion = Occasion(name, occurred_at or moment.now, store_id, source, properties)
    body = {
        "member": str(member_id),
        "name": name,
        "properties": dict(properties),
        "store": store_id,
        "occurred_at": occurred_at.isoformat() if occurred_at else None,
    }
    scope = f"event/{member_id}"
    request = Request("record_event_v2", member_id, scope, key, body, input_hash(body), moment, quiet)
    event_id = new_id()

    async def prepare(db: Queryable) -> Prepared:
        return await _prepare(db, till, request, occasion, event_id)

    return read_event_settlement(await perform(till.database, request, prepare))


async def _prepare(db: Queryable, till: Till, request: Request, occasion: Occasion, event_id: UUID) -> Prepared:
    rules = Rules.of(await till.programmes.at(occasion.occurred_at))
    question = Question(
        request.member_id, request.scope, request.key, occasion.occurred_at, occasion.store_id, event=occasion.name
    )
    state = await read_state(db, rules, question)
    if state.request is not None:
        return Prepared(state.version, {}, state.request)
    if state.status is None:
        raise MemberNotFound(field="memberId")
    if state.status == "erased":
        raise MemberErased(field="memberId")
    means = await read_means(db, rules.earning, occasion.occurred_at)
    decision = decide_event(rules, state, occasion, event_id, request.moment.now, means)
    return Prepared(state.version, event_payload(decision, occasion, event_id, request.member_id, state.standing))


def _check(name: str, properties: Mapping[str, Any], occurred_at: datetime | None, moment: Moment) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(problem="An event's name is small letters, digits, '_' and '.', as in 'ride'.", field="name")
    if len(properties) > PROPERTIES_MAX:
        raise InvalidInput(problem=f"An event has at most {PROPERTIES_MAX} properties.", field="properties")
    if occurred_at is not None and (occurred_at.tzinfo is None or occurred_at > moment.now + CLOCK_DRIFT):
        raise InvalidInput(problem="occurredAt needs a time zone and cannot lie in the future.", field="occurredAt")
