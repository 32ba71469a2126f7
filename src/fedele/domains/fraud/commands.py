"""Opening and deciding cases. What rules count is read in the transaction that opens the case."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Transaction
from fedele.domains.fraud import queries
from fedele.domains.fraud.config import FraudConfig, TravelRule, VelocityRule
from fedele.domains.fraud.detection import judge_travel, judge_velocity
from fedele.domains.fraud.errors import CaseDecided, SpendingBlocked
from fedele.domains.fraud.events import FraudSuspected
from fedele.domains.fraud.types import Case, CaseId, Suspicion
from fedele.domains.programme.config import Places
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound

REASON_CHARACTERS_MAX = 500


async def inspect_purchase(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    purchase_id: UUID,
    at: datetime,
    store_id: str,
    attributes: Mapping[str, Any],
    moment: Moment,
) -> list[CaseId]:
    """Judge a sale by every rule, once; answers the cases that it opened."""
    opened = []
    for rule in programme.section(FraudConfig).root:
        if isinstance(rule, TravelRule):
            suspicion = await _travel(tx, programme, rule, member_id, purchase_id, at, store_id)
        elif rule.by == "member":
            suspicion = None if rule.counts == "returns" else await _velocity(tx, programme, rule, member_id, at)
        else:
            suspicion = await _together(tx, rule, member_id, purchase_id, at, store_id, attributes)
        if suspicion is not None and (case := await _open(tx, member_id, suspicion, purchase_id, moment)):
            opened.append(case)
    return opened


async def inspect_return(
    tx: Transaction, programme: Programme, member_id: MemberId, return_id: UUID, at: datetime, moment: Moment
) -> list[CaseId]:
    """Judge a return by the rules that count returns, once; answers the cases that it opened."""
    opened = []
    for rule in programme.section(FraudConfig).root:
        if not (isinstance(rule, VelocityRule) and rule.counts == "returns"):
            continue
        suspicion = await _velocity(tx, programme, rule, member_id, at)
        if suspicion is not None and (case := await _open(tx, member_id, suspicion, return_id, moment)):
            opened.append(case)
    return opened


async def decide_case(
    tx: Transaction, member_id: MemberId, case_id: CaseId, *, guilty: bool, actor: str, reason: str, moment: Moment
) -> Case:
    """Confirm or clear a case. Confirming keeps a block in force; clearing lifts it, of a confirmed case too.

    `reason` is required and holds no personal data. Units are taken back, where they should be, by an adjustment of its
    own. Raises NotFound, CaseDecided, InvalidInput.
    """
    if not reason.strip() or len(reason) > REASON_CHARACTERS_MAX:
        raise InvalidInput(problem=f"Say why, in at most {REASON_CHARACTERS_MAX} characters.", field="reason")
    await tx.lock_member(member_id)
    case = await queries.find_case(tx, member_id, case_id)
    if case is None:
        raise NotFound(what="case", field="caseId")
    if case.state != "open" and (guilty or case.state == "cleared"):
        raise CaseDecided(state=case.state, field="caseId")
    await tx.execute(
        "UPDATE fraud_case SET state = $3, decided_at = $4, actor = $5, reason = $6 "
        "WHERE member_id = $1 AND case_id = $2",
        member_id, case_id, "confirmed" if guilty else "cleared", moment.now, actor, reason.strip(),
    )  # fmt: skip
    decided = await queries.find_case(tx, member_id, case_id)
    assert decided is not None, "it was there a statement ago"
    return decided


async def refuse_if_blocked(db: Queryable, member_id: MemberId) -> None:
    """Raise SpendingBlocked while a case keeps this member's value from being spent."""
    if await queries.is_blocked(db, member_id):
        raise SpendingBlocked()


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: sightings go, and what people wrote about a case; that there was one, and how it ended, stays."""
    await tx.execute("DELETE FROM fraud_sighting WHERE member_id = $1", member_id)
    await tx.execute("UPDATE fraud_case SET reason = '' WHERE member_id = $1 AND reason IS NOT NULL", member_id)


async def trim_sightings(tx: Transaction, moment: Moment) -> None:
    """Forget sightings that no rule can count any more: the longest rule looks back 92 days."""
    await tx.execute("DELETE FROM fraud_sighting WHERE occurred_at < $1::timestamptz - interval '93 days'", moment.now)


async def _velocity(
    tx: Transaction, programme: Programme, rule: VelocityRule, member_id: MemberId, at: datetime
) -> Suspicion | None:
    return judge_velocity(rule, "member", await queries.count_of_member(tx, programme, rule, member_id, at))


async def _together(
    tx: Transaction,
    rule: VelocityRule,
    member_id: MemberId,
    purchase_id: UUID,
    at: datetime,
    store_id: str,
    attributes: Mapping[str, Any],
) -> Suspicion | None:
    subject = _subject(rule, store_id, attributes)
    if subject is None:
        return None
    await tx.execute(
        "INSERT INTO fraud_sighting (subject, purchase_id, member_id, occurred_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        subject, purchase_id, member_id, at,
    )  # fmt: skip
    return judge_velocity(rule, subject, await queries.count_of_subject(tx, rule, subject, at))


def _subject(rule: VelocityRule, store_id: str, attributes: Mapping[str, Any]) -> str | None:
    """By what the sale is counted. An attribute's value may name a card: only its digest is kept."""
    if rule.by == "store":
        return f"store:{store_id}"
    value = attributes.get(rule.attribute or "")
    if value is None or isinstance(value, (dict, list)):
        return None
    digest = hashlib.sha256(f"{rule.attribute}:{value}".encode()).hexdigest()
    return f"{rule.attribute}:{digest[:32]}"


async def _travel(
    tx: Transaction,
    programme: Programme,
    rule: TravelRule,
    member_id: MemberId,
    purchase_id: UUID,
    at: datetime,
    store_id: str,
) -> Suspicion | None:
    places = programme.section(Places).root
    here = queries.stop_at(places, store_id, at)
    if here is None:
        return None
    for row in await queries.list_neighbours(tx, member_id, purchase_id, at):
        there = queries.stop_at(places, row["store_id"], row["occurred_at"])
        if there is not None and (suspicion := judge_travel(rule, "member", there, here)):
            return suspicion
    return None


async def _open(
    tx: Transaction, member_id: MemberId, suspicion: Suspicion, source_id: UUID, moment: Moment
) -> CaseId | None:
    case_id = await tx.fetch_value(
        """
        INSERT INTO fraud_case (member_id, case_id, rule, subject, state, blocks, evidence, source_id, opened_at)
        VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8)
        ON CONFLICT DO NOTHING RETURNING case_id
        """,
        member_id, new_id(), suspicion.rule, suspicion.subject, suspicion.blocks, dict(suspicion.evidence), source_id,
        moment.now,
    )  # fmt: skip
    if case_id is None:
        return None
    await tx.publish(
        FraudSuspected(
            member_id=member_id, occurred_at=moment.now, case_id=case_id, rule=suspicion.rule, blocks=suspicion.blocks
        )
    )
    return CaseId(case_id)
