"""May value be spent? Any one of the facts that the programme takes beside the card."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr

from fedele.db.database import Database, Transaction
from fedele.domains.fraud.commands import refuse_if_blocked
from fedele.domains.members.types import CardHolder
from fedele.domains.till.config import TillConfig
from fedele.domains.till.errors import PinLocked, PinNotSet, PinWrong, SecondFactNeeded
from fedele.domains.till.pin import hash_pin, pin_matches
from fedele.domains.till.types import Authorisation, Evidence
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, StoreId, new_id

REASON_LENGTH_MAX = 500


async def authorise(
    database: Database,
    config: TillConfig,
    member_id: MemberId,
    holder: CardHolder | None,
    evidence: Evidence,
    moment: Moment,
) -> Authorisation:
    """Why this member's value may be spent: a rotating code first, then a reward's own, a PIN, a cashier's word.

    `holder` is whom the scanned code belongs to (None: scanned before). Nothing is used up yet: that happens where the
    value is spent. A PIN's attempt is counted for good, whatever follows, and once however often the request is sent.
    Raises SecondFactNeeded, PinWrong, PinLocked, PinNotSet, or SpendingBlocked while a person has to look at the
    member's recent activity.
    """
    await refuse_if_blocked(database.reader, member_id)
    if holder is not None and holder.step is not None and "rotating_code" in config.second_fact:
        return Authorisation("rotating_code", holder.digest, holder.step)
    if evidence.reward_code and "reward_code" in config.second_fact:
        return Authorisation("reward_code")
    if evidence.pin is not None and "pin" in config.second_fact:
        await _check_pin(database, config, member_id, evidence.pin, _digest(evidence.request), moment)
        return Authorisation("pin")
    reason = (evidence.confirmation or "").strip()
    if reason and "staff_confirmation" in config.second_fact:
        return Authorisation("staff_confirmation", reason=reason[:REASON_LENGTH_MAX])
    raise SecondFactNeeded(field="card", facts=list(config.second_fact))


async def use_authorisation(
    tx: Transaction,
    member_id: MemberId,
    authorisation: Authorisation,
    source_kind: Literal["purchase", "hold"],
    source_id: UUID,
    store_id: StoreId,
    moment: Moment,
) -> None:
    """Use the rotating code up and keep why value could be spent, in the transaction that spends it.

    The refusal of a code that was used before comes as the database's error FT001; see `errors.refusal`.
    """
    await tx.fetch_value(
        "SELECT till_authorise_v1($1, $2, $3, $4, $5, $6)::text",
        member_id, source_kind, source_id, store_id, authorisation_json(authorisation), moment.now,
    )  # fmt: skip


def authorisation_json(authorisation: Authorisation) -> Mapping[str, Any]:
    """As `till_authorise_v1` reads it."""
    return {
        "id": str(new_id()),
        "fact": authorisation.fact,
        "reason": authorisation.reason,
        "digest": authorisation.handle_digest.hex() if authorisation.handle_digest is not None else None,
        "step": authorisation.step,
    }


async def _check_pin(
    database: Database, config: TillConfig, member_id: MemberId, pin: SecretStr, request: bytes, moment: Moment
) -> None:
    said_before = await database.call(
        "SELECT wrong_hash FROM member_pin WHERE member_id = $1 AND wrong_request = $2", member_id, request
    )
    if said_before is not None and await pin_matches(pin, said_before):
        raise PinWrong(field="pin")  # the same request once more: nothing is compared, so nothing is learned
    asked = await database.call(
        "SELECT pin_attempt_v1($1, $2, $3, $4)",
        member_id, config.pin.attempts_max, config.pin.lock_minutes, moment.now,
    )  # fmt: skip
    if asked is None:
        raise PinNotSet(field="pin")
    if "locked_until" in asked:
        left = datetime.fromisoformat(asked["locked_until"]) - moment.now
        raise PinLocked(retry_after_seconds=max(1, round(left.total_seconds())), field="pin")
    if not await pin_matches(pin, asked["hash"]):
        await database.call(
            "UPDATE member_pin SET wrong_request = $3, wrong_hash = $4 WHERE member_id = $1 AND hash = $2 "
            "RETURNING true",
            member_id, asked["hash"], request, await hash_pin(pin),
        )  # fmt: skip
        raise PinWrong(field="pin")
    # Only if the PIN is still the one that was compared: another may have been set meanwhile.
    await database.call(
        "UPDATE member_pin SET failures = 0, locked_until = NULL, wrong_request = NULL, wrong_hash = NULL "
        "WHERE member_id = $1 AND hash = $2 RETURNING true",
        member_id, asked["hash"],
    )  # fmt: skip


def _digest(request: str) -> bytes:
    return hashlib.sha256(request.encode()).digest()
