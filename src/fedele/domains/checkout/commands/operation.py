"""The protocol of sales, events and returns: read, decide, call; decide again if the member changed meanwhile."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import asyncpg

from fedele.db.database import Database, Queryable
from fedele.db.idempotency import KEY_LENGTH_MAX, claim
from fedele.domains.budgets.commands import is_exhausted
from fedele.domains.checkout.state import StoredRequest
from fedele.domains.ledger.errors import refusal
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import InvalidInput, KeyReused

# Optimistic attempts before the member is locked for good: enough that two tills never notice each other, few enough
# that twenty at once do not starve the last.
OPTIMISTIC_ATTEMPTS = 3
# Nobody can change a locked member, but a campaign's budget may run out under it: after an attempt that found too
# little the next one sees that and gives nothing. Only money that comes back in between can make another one fail.
LOCKED_ATTEMPTS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One operation: whose, under which key, for which input."""

    function: Literal["settle_v2", "record_event_v2", "return_v2"]
    member_id: MemberId
    scope: str
    key: str
    body: Mapping[str, Any]
    digest: bytes
    moment: Moment
    quiet: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """What the decision wants written, and the version of the member that it was made for; or an earlier answer."""

    version: int
    payload: Mapping[str, Any]
    earlier: StoredRequest | None = None


Prepare = Callable[[Queryable], Awaitable[Prepared]]


def check_key(key: str) -> None:
    """Raise InvalidInput for an empty or overlong idempotency key."""
    if not 1 <= len(key) <= KEY_LENGTH_MAX:
        raise InvalidInput(problem=f"An idempotency key has 1 to {KEY_LENGTH_MAX} characters.", field="idempotencyKey")


async def perform(database: Database, request: Request, prepare: Prepare) -> Mapping[str, Any]:
    """Run the operation once, whatever happens between reading and writing. Returns its (stored) answer.

    `prepare(db)` reads and decides; it is called again when the member's version moved. Raises KeyReused, or the
    ledger's refusals; then nothing at all was written.
    """
    for _ in range(OPTIMISTIC_ATTEMPTS):
        prepared = await prepare(database.reader)
        if prepared.earlier is not None:
            return answer_of(prepared.earlier, request.digest)
        try:
            reply = await database.call(_sql(request, prepared), *_values(request, prepared))
        except asyncpg.PostgresError as error:
            if not is_exhausted(error):
                raise
            continue  # others took what the decision counted on; it now sees what is really left
        if reply["status"] != "stale":
            return _read(reply)
    for _ in range(LOCKED_ATTEMPTS - 1):
        try:
            return await _perform_locked(database, request, prepare)
        except asyncpg.PostgresError as error:
            if not is_exhausted(error):
                raise
    return await _perform_locked(database, request, prepare)


async def _perform_locked(database: Database, request: Request, prepare: Prepare) -> Mapping[str, Any]:
    """The slow way that cannot be overtaken: claim the key, take the member's lock, and only then read."""
    async with database.transaction(quiet=request.quiet) as tx:
        claimed = await claim(tx, request.scope, request.key, request.body, request.member_id)
        if claimed.response is not None:
            return dict(claimed.response)
        await tx.lock_member(request.member_id)
        prepared = await prepare(tx)
        reply = await tx.fetch_value(_sql(request, prepared), *_values(request, prepared))
        assert reply["status"] != "stale", "nobody can change a member whose lock we hold"
        return _read(reply)


def answer_of(earlier: StoredRequest, digest: bytes) -> Mapping[str, Any]:
    """An earlier run's answer. Raises KeyReused when it was asked something else."""
    if earlier.input_hash != digest:
        raise KeyReused(field="idempotencyKey")
    return earlier.response


def _sql(request: Request, prepared: Prepared) -> str:
    # A sale that spends more than the ledger knows of goes through the function that does both.
    function = "till_settle_v1" if "spend" in prepared.payload else request.function
    call = f"{function}($1, $2, $3, $4, $5, $6, $7, $8)"
    # Budgets last, and in the same statement: their slices are held for no longer than the commit takes.
    return (
        f"SELECT budget_after_v1({call}, $1, $6, $7 -> 'budgets')"
        if prepared.payload.get("budgets")
        else f"SELECT {call}"
    )


def _values(request: Request, prepared: Prepared) -> tuple[Any, ...]:
    return (
        request.member_id,
        prepared.version,
        request.scope,
        request.key,
        request.digest,
        request.moment.now,
        prepared.payload,
        request.quiet,
    )


def _read(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    match reply["status"]:
        case "done" | "repeated":
            response: Mapping[str, Any] = reply["response"]
            return response
        case "key_reused":
            raise KeyReused(field="idempotencyKey")
        case _:
            raise refusal(reply["code"], reply["details"])
