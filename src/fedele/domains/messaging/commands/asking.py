"""Asking the governor and writing down what it ruled: the one door through which every contact goes."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.members.types import Channel
from fedele.domains.messaging import queries
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.governor import NO_LIMIT, Ask, ContactFacts, Ruling, day_bounds, day_max, rule
from fedele.domains.messaging.types import OUTREACH, ContactAsked, Decision, Outcome, Reason
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

_DECIDE = "SELECT * FROM message_decide_v2($1, $2) ORDER BY ordinal"
_LOCK = """
SELECT count(member_lock_v1(locked.member_id))
  FROM (SELECT member_id FROM unnest($1::uuid[]) AS m (member_id) ORDER BY 1) AS locked
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Named:
    """Which message a ruling is about, and what it is part of."""

    member_id: MemberId
    source_id: UUID
    template_key: str
    campaign: str | None = None
    variant: str | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


async def lock_members(tx: Transaction, member_ids: Sequence[MemberId]) -> None:
    """Make what follows serial for each of these members; in the order of ids, so that batches meet in no circle."""
    await tx.fetch_value(_LOCK, sorted(set(member_ids)))


async def may_contact(tx: Transaction, programme: Programme, asked: ContactAsked, moment: Moment) -> Decision:
    """Whether a room above may reach out now by a channel of its own; a yes takes a place in the member's budget.

    Asked again for the same source and key, the first answer stands. DEFERRED: not before `send_at`.
    """
    await lock_members(tx, [asked.member_id])
    facts = await queries.contact_facts(tx, asked.member_id, moment)
    config = programme.section(MessagesConfig)
    ask = Ask.contact(asked)
    named = Named(asked.member_id, asked.source_id, asked.key)
    [decision] = await write_down(tx, config, [(named, ask, facts, rule(ask, facts, config, moment.now))], moment)
    return decision[0]


async def write_down(
    tx: Transaction,
    config: MessagesConfig,
    ruled: Sequence[tuple[Named, Ask, ContactFacts, Sequence[Ruling]]],
    moment: Moment,
) -> list[list[Decision]]:
    """Record rulings, held to consent and budget by the statement itself; what stands then, in the same order.

    The members are locked already, or the facts that were ruled on may be outdated.
    """
    decisions = [
        _decision(named, ask, facts, ruling, config, moment)
        for named, ask, facts, rulings in ruled
        for ruling in rulings
    ]
    asks = [(ask, facts) for _, ask, facts, rulings in ruled for _ in rulings]
    sent = [_row(decision, ask, facts, config, moment) for decision, (ask, facts) in zip(decisions, asks, strict=True)]
    rows = await tx.fetch(_DECIDE, sent, moment.now) if sent else []
    stored = iter(
        dataclasses.replace(
            decision,
            contact_id=row["contact_id"],
            outcome=Outcome(row["outcome"]),
            reason=Reason(row["reason"]),
            send_at=row["send_at"],
        )
        for decision, row in zip(decisions, rows, strict=True)
    )
    return [[next(stored) for _ in rulings] for *_, rulings in ruled]


def _decision(
    named: Named, ask: Ask, facts: ContactFacts, ruling: Ruling, config: MessagesConfig, moment: Moment
) -> Decision:
    """The line of the log; `details` say against which figures it was decided."""
    details = dict(named.details)
    if ruling.channel in OUTREACH and facts.active:
        at = ruling.verdict.send_at or moment.now
        starts, ends = day_bounds(at, facts.time_zone)
        details |= {
            "today": sum(starts <= contact.at < ends for contact in facts.contacts),
            "week": sum(abs(at - contact.at) < timedelta(days=7) for contact in facts.contacts),
            "per_day": config.budget.per_day,
            "per_week": config.budget.per_week,
        }
    return Decision(
        member_id=named.member_id,
        source_id=named.source_id,
        template_key=named.template_key,
        purpose=ask.purpose,
        channel=ruling.channel,
        outcome=ruling.verdict.outcome,
        reason=ruling.verdict.reason,
        decided_at=moment.now,
        send_at=ruling.verdict.send_at,
        contact_id=new_id(),
        priority=ask.priority,
        campaign_key=named.campaign,
        variant=named.variant,
        exclusive_group=ask.group,
        details=details,
    )


def _row(decision: Decision, ask: Ask, facts: ContactFacts, config: MessagesConfig, moment: Moment) -> dict[str, Any]:
    """The decision and its limits as `message_decide_v2` takes them."""
    at = decision.send_at or moment.now
    starts, ends = day_bounds(at, facts.time_zone)
    cap = config.cap(decision.channel.value) if decision.channel is not Channel.PROCESSING else config.cap("in_app")  # type: ignore[arg-type]
    return {
        "member_id": decision.member_id,
        "source_id": decision.source_id,
        "template_key": decision.template_key,
        "channel": decision.channel.value,
        "purpose": str(decision.purpose),
        "contact_id": decision.contact_id,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "send_at": decision.send_at,
        "priority": decision.priority,
        "campaign_key": decision.campaign_key,
        "variant": decision.variant,
        "exclusive_group": decision.exclusive_group,
        "exclusive_from": at - timedelta(days=ask.group_days),
        "details": decision.details,
        "counted": decision.channel in OUTREACH and decision.priority != "urgent",
        "day_from": starts,
        "day_until": ends,
        "day_max": day_max(decision.priority, config),
        "week_max": config.budget.per_week,
        "channel_day_max": NO_LIMIT if cap.per_day is None else cap.per_day,
        "channel_week_max": NO_LIMIT if cap.per_week is None else cap.per_week,
    }
