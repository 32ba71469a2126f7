"""What follows from feedback, an event or a redemption: a case, make-goods, asks, in one transaction."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.activity.types import ActivityEvent
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.queries import find_facts
from fedele.domains.support.commands.asks import ask_public_review, ask_referral
from fedele.domains.support.commands.cases import open_case
from fedele.domains.support.commands.make_good import give_make_good
from fedele.domains.support.commands.readings import keep_readings
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.routing import (
    asks_public_review,
    asks_referral_after,
    case_rule,
    event_bindings,
    evidence_of,
    feedback_bindings,
    make_goods_due,
)
from fedele.domains.support.types import CaseId, Feedback, SourceKind
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.expressions import Bindings
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units


async def follow_feedback(
    tx: Transaction, programme: Programme, feedback: Feedback, texts: Mapping[str, str], moment: Moment
) -> CaseId | None:
    """Keep what was read and do what the programme says; answers the case, if there is one. Again: nothing more."""
    member_id = feedback.member_id
    await tx.lock_member(member_id)
    known = await _known(tx, programme, member_id, moment)
    if known is None:
        return None
    await keep_readings(tx, member_id, feedback.kind, feedback.source_id, texts, feedback.readings, moment)
    bindings = feedback_bindings(feedback, known)
    source: tuple[SourceKind, UUID] = (feedback.kind, feedback.source_id)
    config = programme.section(SupportConfig)
    case_id = await _case_and_make_goods(
        tx, programme, member_id, source, bindings, feedback.urgent, evidence_of(feedback), known, moment
    )
    if asks_public_review(config, feedback, bindings):
        await ask_public_review(tx, member_id, feedback.source_id, moment)
    if asks_referral_after(config, feedback):
        await ask_referral(tx, programme, member_id, "stars", feedback.source_id, moment)
    return case_id


async def follow_event(tx: Transaction, programme: Programme, event: ActivityEvent, moment: Moment) -> CaseId | None:
    """Do what the programme says about an event: `delivery_late`, `bad_service`, `delivered`. Again: nothing more."""
    await tx.lock_member(event.member_id)
    known = await _known(tx, programme, event.member_id, moment)
    if known is None:
        return None
    bindings = event_bindings(event.name, event.properties, event.store_id, known)
    evidence = {"event": event.name, "store": event.store_id}
    case_id = await _case_and_make_goods(
        tx, programme, event.member_id, ("event", event.id), bindings, False, evidence, known, moment
    )
    ask = programme.section(SupportConfig).referral_ask
    if ask is not None and event.name in ask.events:
        await ask_referral(tx, programme, event.member_id, "event", event.id, moment)
    return case_id


async def follow_redemption(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    redemption_id: UUID,
    currency: str,
    units: int,
    moment: Moment,
) -> bool:
    """Ask to bring a friend after a large redemption; whether it was asked. Again: nothing more."""
    ask = programme.section(SupportConfig).referral_ask
    if ask is None or ask.redemption_worth_min is None:
        return False
    paid: Decimal = from_units(units, programme.section(Currencies).get(currency).decimals)
    if paid < ask.redemption_worth_min:
        return False
    await tx.lock_member(member_id)
    return await ask_referral(tx, programme, member_id, "redemption", redemption_id, moment)


async def _case_and_make_goods(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    source: tuple[SourceKind, UUID],
    bindings: Bindings,
    urgent: bool,
    evidence: dict[str, Any],
    known: Mapping[str, Any],
    moment: Moment,
) -> CaseId | None:
    config, case_id = programme.section(SupportConfig), None
    if rule := case_rule(config, bindings):
        case_id = await open_case(tx, programme, member_id, rule, source, urgent, evidence, moment)
    for make_good in make_goods_due(config, bindings):
        tier = known["member.tier"] or None
        await give_make_good(tx, programme, member_id, make_good, source, case_id, tier, moment)
    return case_id


async def _known(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> dict[str, Any] | None:
    """The values of now and member; None for a member who is not active any more."""
    facts = await find_facts(tx, programme, member_id, moment.now)
    if facts is None or not facts.active:
        return None
    status = await status_of(tx, programme, member_id, moment)
    zone = programme.section(ProgrammeConfig).time_zone
    return facts.bindings(moment.now, zone, status.current if status else None)
