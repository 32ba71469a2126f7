"""Saying something to a member, and what the member does about it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from fedele.db.database import Database, Transaction
from fedele.domains.members.types import Channel
from fedele.domains.messaging import queries
from fedele.domains.messaging.config import MessagesConfig, MessageTemplate
from fedele.domains.messaging.devices import register_device, unregister_device
from fedele.domains.messaging.events import MessageDismissed, MessageQueued
from fedele.domains.messaging.may_contact import ContactFacts, Verdict, may_push, may_show
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.types import PUSHABLE_KINDS, Decision, MessageId, Outcome, Value
from fedele.domains.messaging.wording import values_to_json
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import NotFound

__all__ = [
    "announce", "announcing", "dismiss_message", "forget_member", "mark_seen", "register_device", "unregister_device",
]  # fmt: skip

E = TypeVar("E", bound=Event)

_DECIDE = """
INSERT INTO message_decision (member_id, source_id, template_key, channel, purpose, outcome, reason, decided_at,
                              send_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_SHOW = """
INSERT INTO in_app_message (member_id, message_id, source_id, template_key, template_values, display, created_at,
                            expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

# One push a device. Consent stands in the statement itself, so that no caller can queue a push without it.
_QUEUE = """
INSERT INTO push_send (member_id, source_id, template_key, target_id, purpose, template_values, state, next_at,
                       expires_at)
SELECT t.member_id, $2, $3, t.target_id, $4, $5, 'queued', $6, $7
  FROM push_target t
  LEFT JOIN member_consent c ON c.member_id = t.member_id AND c.purpose = $4 AND c.channel = 'push' AND c.granted
 WHERE t.member_id = $1 AND t.kind = ANY($8::text[])
   AND CASE WHEN $4 = 'service' THEN t.permission IN ('granted', 'provisional')
            ELSE c.granted IS TRUE AND t.permission <> 'denied' END
RETURNING target_id
"""


async def announce(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    on: str,
    values: Mapping[str, Value],
    source_id: UUID,
    moment: Moment,
) -> list[Decision]:
    """Tell the member that something happened, if the programme has words for it and they may be contacted.

    `on` is the event's kind, which the programme's templates name; `source_id` is the outbox id of what happened:
    announcing it again does nothing. Answers what was decided, a line per template and channel. Pushes leave after
    the commit, from the worker.
    """
    config = programme.section(MessagesConfig)
    templates = config.on(on)
    if not templates:
        return []
    await tx.lock_member(member_id)  # two announcements at once would both see the last free place of the daily cap
    decided = await queries.decided_templates(tx, member_id, source_id)
    decisions: list[Decision] = []
    for template in templates:
        if template.key in decided:
            continue
        facts = await queries.contact_facts(tx, member_id, moment)
        decisions += await _announce_one(tx, config, template, facts, (member_id, source_id), values, moment)
    return decisions


def announcing(
    event_type: type[E],
    values_of: Callable[[E, Programme], Mapping[str, Value] | None],
    database: Database,
    programme_at: ProgrammeAt,
    clock: Clock,
) -> Handler:
    """A handler that tells the member of events of this kind, in the programme's words for it if it has any.

    `values_of(event, programme)` gives what the words may name, or None where there is nothing to tell.
    """

    async def tell(event: E, outbox_id: UUID) -> None:
        moment = clock()
        programme = await programme_at(moment.now)
        values = values_of(event, programme)
        if values is None:
            return
        async with database.transaction() as tx:
            await announce(tx, programme, event.member_id, event_type.kind, values, outbox_id, moment)

    return Handler(f"messaging.announce_{event_type.kind.replace('.', '_')}", event_type, tell)


async def dismiss_message(tx: Transaction, member_id: MemberId, message_id: MessageId, moment: Moment) -> None:
    """Close an in-app message for good; again: nothing. Raises NotFound for one that is not this member's."""
    await tx.lock_member(member_id)
    row = await tx.fetch_row(
        """
        UPDATE in_app_message SET dismissed_at = coalesce(dismissed_at, $3), seen_at = coalesce(seen_at, $3)
         WHERE member_id = $1 AND message_id = $2 RETURNING old.dismissed_at
        """,
        member_id, message_id, moment.now,
    )  # fmt: skip
    if row is None:
        raise NotFound(what="message", field="messageId")
    if row["dismissed_at"] is None:
        await tx.publish(MessageDismissed(member_id=member_id, occurred_at=moment.now, message_id=message_id))


async def mark_seen(tx: Transaction, member_id: MemberId, message_ids: Sequence[MessageId], moment: Moment) -> int:
    """Note that the app showed these messages; the first time counts. Answers how many were new to the member."""
    rows = await tx.fetch(
        """
        UPDATE in_app_message SET seen_at = $3
         WHERE member_id = $1 AND message_id = ANY($2::uuid[]) AND seen_at IS NULL RETURNING message_id
        """,
        member_id, list(message_ids), moment.now,
    )  # fmt: skip
    return len(rows)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Delete everything personal of an erased member. The decision log stays: it names nobody."""
    await tx.execute("DELETE FROM push_target_owner WHERE member_id = $1", member_id)
    for table in ("push_target", "push_send", "in_app_message"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", member_id)


async def _announce_one(
    tx: Transaction,
    config: MessagesConfig,
    template: MessageTemplate,
    facts: ContactFacts,
    named: tuple[MemberId, UUID],
    values: Mapping[str, Value],
    moment: Moment,
) -> list[Decision]:
    """Decide on one template, channel by channel, write down why, and do what was decided."""
    member_id, source_id = named
    stored, expires_at = values_to_json(values), moment.now + timedelta(hours=template.expires_hours)
    decisions, pushes_count = [], 0
    for channel in sorted({Channel(channel) for channel in template.channels}):
        verdict = _verdict(channel, config, template, facts, moment)
        decision = Decision(
            member_id, source_id, template.key, template.purpose, channel,
            verdict.outcome, verdict.reason, moment.now, verdict.send_at,
        )  # fmt: skip
        await tx.execute(
            _DECIDE, member_id, source_id, template.key, channel.value, str(template.purpose),
            verdict.outcome.value, verdict.reason.value, moment.now, verdict.send_at,
        )  # fmt: skip
        decisions.append(decision)
        if verdict.outcome is Outcome.SUPPRESSED:
            continue
        if channel is Channel.IN_APP:
            await tx.execute(
                _SHOW, member_id, new_id(), source_id, template.key, stored, template.display.value,
                moment.now, expires_at,
            )  # fmt: skip
        else:
            queued = await tx.fetch(
                _QUEUE, member_id, source_id, template.key, str(template.purpose), stored,
                verdict.send_at or moment.now, expires_at, [kind.value for kind in PUSHABLE_KINDS],
            )  # fmt: skip
            pushes_count = len(queued)
    if any(decision.outcome is not Outcome.SUPPRESSED for decision in decisions):
        await tx.publish(
            MessageQueued(
                member_id=member_id, occurred_at=moment.now, source_id=source_id, template_key=template.key,
                pushes_count=pushes_count,
            )
        )  # fmt: skip
    return decisions


def _verdict(
    channel: Channel, config: MessagesConfig, template: MessageTemplate, facts: ContactFacts, moment: Moment
) -> Verdict:
    return may_show(template, facts) if channel is Channel.IN_APP else may_push(template, facts, config, moment.now)
