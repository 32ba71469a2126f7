"""Saying something to a member: ask the governor, write down why, and do what was decided, in one transaction."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from fedele.db.database import Database, Transaction
from fedele.domains.members.types import Channel
from fedele.domains.messaging import queries
from fedele.domains.messaging.commands.asking import Named, lock_members, write_down
from fedele.domains.messaging.config import MessagesConfig, MessageTemplate
from fedele.domains.messaging.events import MessageQueued
from fedele.domains.messaging.governor import Ask, ContactFacts, Ruling, Verdict, rule
from fedele.domains.messaging.ports import Clock, ProgrammeAt
from fedele.domains.messaging.queries.contact import NOBODY
from fedele.domains.messaging.types import (
    PRIORITIES,
    PUSHABLE_KINDS,
    Decision,
    MessageAsked,
    Outcome,
    Reason,
    Value,
)
from fedele.domains.messaging.wording import values_to_json
from fedele.domains.programme.types import Programme
from fedele.jobs.types import Handler
from fedele.kernel.clock import Moment
from fedele.kernel.event import Event
from fedele.kernel.ids import MemberId

E = TypeVar("E", bound=Event)

_SHOW = """
INSERT INTO in_app_message (member_id, message_id, source_id, template_key, template_values, display, created_at,
                            expires_at, placement, rank)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
"""

# One push a device. Consent stands in the statement itself, so that no caller can queue a push without it.
_PUSH = """
INSERT INTO push_send (member_id, source_id, template_key, target_id, purpose, template_values, state, next_at,
                       expires_at, contact_id)
SELECT t.member_id, q.source_id, q.template_key, t.target_id, q.purpose, q.template_values, 'queued', q.next_at,
       q.expires_at, q.contact_id
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::timestamptz[],
              $8::uuid[])
       AS q (member_id, source_id, template_key, purpose, template_values, next_at, expires_at, contact_id)
  JOIN push_target t ON t.member_id = q.member_id AND t.kind = ANY($9::text[])
  LEFT JOIN member_consent c
         ON c.member_id = t.member_id AND c.purpose = q.purpose AND c.channel = 'push' AND c.granted
 WHERE CASE WHEN q.purpose = 'service' THEN t.permission IN ('granted', 'provisional')
            ELSE c.granted IS TRUE AND t.permission <> 'denied' END
ON CONFLICT DO NOTHING
RETURNING member_id, source_id, template_key
"""

# One letter a message and channel, held to consent in the same way.
_LETTER = """
INSERT INTO message_letter (member_id, source_id, template_key, channel, contact_id, purpose, template_values, state,
                            next_at, expires_at)
SELECT q.member_id, q.source_id, q.template_key, q.channel, q.contact_id, q.purpose, q.template_values, 'queued',
       q.next_at, q.expires_at
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::timestamptz[],
              $8::uuid[], $9::text[])
       AS q (member_id, source_id, template_key, purpose, template_values, next_at, expires_at, contact_id, channel)
 WHERE q.purpose = 'service' OR EXISTS (
       SELECT 1 FROM member_consent c
        WHERE c.member_id = q.member_id AND c.purpose = q.purpose AND c.channel = q.channel AND c.granted)
ON CONFLICT DO NOTHING
RETURNING member_id, source_id, template_key
"""


@dataclasses.dataclass(frozen=True, slots=True)
class _Said:
    """A message that was decided on: its template, its values, and what was decided for each channel."""

    asked: MessageAsked
    template: MessageTemplate
    decisions: Sequence[Decision]


async def announce(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    on: str,
    values: Mapping[str, Value],
    source_id: UUID,
    moment: Moment,
    *,
    happened_at: datetime | None = None,
) -> list[Decision]:
    """Tell the member that something happened, if the programme has words for it and they may be contacted.

    `on` is the event's kind, which the programme's templates name; `source_id` is the outbox id of what happened:
    announcing it again does nothing. `happened_at`: what is older than the programme tells of is held back. Answers
    what was decided, a line per template and channel. Pushes and letters leave after the commit, from the worker.
    """
    templates = programme.section(MessagesConfig).on(on)
    if not templates:
        return []
    asked = [
        MessageAsked(
            member_id=member_id, template=template.key, source_id=source_id, values=values, happened_at=happened_at
        )
        for template in templates
    ]
    return [
        decision for decisions, fresh in await _say(tx, programme, asked, moment) if fresh for decision in decisions
    ]


async def send(tx: Transaction, programme: Programme, asked: MessageAsked, moment: Moment) -> list[Decision]:
    """Say this to the member, if they may be contacted; a decision for each channel says what becomes of it.

    Asked again for the same source, nothing more is said and the first decisions are the answer. Never raises for a
    member who may not be contacted, nor for a template that left the programme: the decision says so.
    """
    [(decisions, _)] = await _say(tx, programme, [asked], moment)
    return decisions


async def send_many(
    tx: Transaction, programme: Programme, asked: Sequence[MessageAsked], moment: Moment
) -> list[list[Decision]]:
    """The same for many members at once, in a handful of statements."""
    return [decisions for decisions, _ in await _say(tx, programme, asked, moment)]


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
            await announce(
                tx, programme, event.member_id, event_type.kind, values, outbox_id, moment,
                happened_at=event.occurred_at,
            )  # fmt: skip

    return Handler(f"messaging.announce_{event_type.kind.replace('.', '_')}", event_type, tell)


async def _say(
    tx: Transaction, programme: Programme, asked: Sequence[MessageAsked], moment: Moment
) -> list[tuple[list[Decision], bool]]:
    """Decide on each, and queue what was allowed; the decisions, and whether they are new."""
    config = programme.section(MessagesConfig)
    member_ids = list({each.member_id for each in asked})
    await lock_members(tx, member_ids)  # two at once would both see the last free place of the budget
    earlier = await queries.decisions_of(tx, [each.member_id for each in asked], [each.source_id for each in asked])
    facts = await queries.contact_facts_many(tx, member_ids, moment)
    ruled: list[tuple[Named, Ask, ContactFacts, Sequence[Ruling]]] = []
    for each in asked:
        if (each.member_id, each.source_id, each.template) in earlier:
            continue
        known = facts.get(each.member_id, NOBODY)
        ask, rulings = _ruled(config, each, known, moment)
        named = Named(
            each.member_id, each.source_id, each.template, each.campaign, each.variant, each.details
        )  # fmt: skip
        ruled.append((named, ask, known, rulings))
        for ruling in rulings:
            known = known.after(ruling, ask, moment.now)
        facts[each.member_id] = known
    written = iter(await write_down(tx, config, ruled, moment))
    answers: list[tuple[list[Decision], bool]] = []
    said: list[_Said] = []
    for each in asked:
        decisions = earlier.get((each.member_id, each.source_id, each.template))
        if decisions is not None:
            answers.append((decisions, False))
            continue
        answers.append((decisions := next(written), True))
        if (template := config.find(each.template)) and any(decision.allowed for decision in decisions):
            said.append(_Said(each, template, decisions))
    await _queue(tx, said, moment)
    return answers


def _ruled(
    config: MessagesConfig, asked: MessageAsked, facts: ContactFacts, moment: Moment
) -> tuple[Ask, Sequence[Ruling]]:
    template = config.find(asked.template)
    if template is None:
        ask = Ask("service", (Channel.PUSH,))
        return ask, [Ruling(Channel.PUSH, Verdict(Outcome.SUPPRESSED, Reason.TEMPLATE_GONE))]
    ask = Ask.of(template, asked.channels, asked.not_before)
    if asked.happened_at and moment.now - asked.happened_at > config.told_within(template):
        late = Verdict(Outcome.SUPPRESSED, Reason.TOO_LATE)
        return ask, [Ruling(channel, late) for channel in sorted(ask.channels)]
    return ask, rule(ask, facts, config, moment.now)


async def _queue(tx: Transaction, said: Sequence[_Said], moment: Moment) -> None:
    """Put what was allowed on its way, and announce it."""
    by_channel: dict[Channel, list[tuple[_Said, Decision]]] = {}
    for each in said:
        for decision in each.decisions:
            if decision.allowed:
                by_channel.setdefault(decision.channel, []).append((each, decision))
    await _show(tx, by_channel.pop(Channel.IN_APP, []), moment)
    pushes = await _enqueue(tx, _PUSH, by_channel.pop(Channel.PUSH, []), moment, [k.value for k in PUSHABLE_KINDS])
    letters: dict[tuple[MemberId, UUID, str], int] = {}
    due = [pair for pairs in by_channel.values() for pair in pairs]
    if due:
        letters = await _enqueue(tx, _LETTER, due, moment, [decision.channel.value for _, decision in due])
    for each in said:
        key = (each.asked.member_id, each.asked.source_id, each.template.key)
        await tx.publish(
            MessageQueued(
                member_id=each.asked.member_id, occurred_at=moment.now, source_id=each.asked.source_id,
                template_key=each.template.key, pushes_count=pushes.get(key, 0), letters_count=letters.get(key, 0),
            )
        )  # fmt: skip


async def _show(tx: Transaction, pairs: Sequence[tuple[_Said, Decision]], moment: Moment) -> None:
    """Let messages wait in the app."""
    if not pairs:
        return
    rows = [
        (
            decision.member_id, decision.contact_id, decision.source_id, decision.template_key,
            values_to_json(said.asked.values), said.template.display.value, moment.now, _expires_at(said, moment),
            said.template.placement, PRIORITIES.index(said.template.priority),
        )
        for said, decision in pairs
    ]  # fmt: skip
    await tx.execute_many(_SHOW, rows)


async def _enqueue(
    tx: Transaction, sql: str, pairs: Sequence[tuple[_Said, Decision]], moment: Moment, last: list[str]
) -> dict[tuple[MemberId, UUID, str], int]:
    """Queue pushes or letters; how many were queued of each message. `last` is the statement's own last parameter."""
    if not pairs:
        return {}
    rows = await tx.fetch(
        sql,
        [decision.member_id for _, decision in pairs],
        [decision.source_id for _, decision in pairs],
        [decision.template_key for _, decision in pairs],
        [str(decision.purpose) for _, decision in pairs],
        [values_to_json(said.asked.values) for said, _ in pairs],
        [decision.send_at or moment.now for _, decision in pairs],
        [_expires_at(said, moment) for said, _ in pairs],
        [decision.contact_id for _, decision in pairs],
        last,
    )
    counts: dict[tuple[MemberId, UUID, str], int] = {}
    for row in rows:
        key = (row["member_id"], row["source_id"], row["template_key"])
        counts[key] = counts.get(key, 0) + 1
    return counts


def _expires_at(said: _Said, moment: Moment) -> datetime:
    begins = max(moment.now, said.asked.not_before or moment.now)
    return begins + timedelta(hours=said.template.expires_hours)
