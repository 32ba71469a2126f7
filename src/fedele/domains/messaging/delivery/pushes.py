"""Pushes on their way out: claim what is due, send it, write down what became of it.

A push is claimed and committed before it is sent, and settled after. A worker that dies in between leaves a claim that
runs out, and another sends again, under the same collapse key: the phone shows one notification. So no push is lost,
and a copy, where the answer of the service never came, replaces the first one. Consent is looked at once more while
claiming: one that was withdrawn while the push waited stops it. So does a member who left or was blocked meanwhile.
"""

import base64
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from fedele.db.database import Database, Row, Transaction
from fedele.domains.messaging.config import MessagesConfig, MessageTemplate
from fedele.domains.messaging.delivery.letters import Post
from fedele.domains.messaging.delivery.settling import LEASE, STANDING, Settlement, settle
from fedele.domains.messaging.devices import forget_targets
from fedele.domains.messaging.governor import quiet_until
from fedele.domains.messaging.ports import Clock, ProgrammeAt, PushChannel, PushMessage, PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import SendState, TargetKind
from fedele.domains.messaging.wording import put_into_words, values_from_json
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

BATCH = 100

# $1 now, $2 the end of the lease, $3 how many. The purpose `service` needs no consent of the programme's; a target that
# was deleted, or whose owner forbade notifications, withdraws the push.
_CLAIM = f"""
WITH due AS (
    SELECT member_id, source_id, template_key, target_id FROM push_send
     WHERE state IN ('queued', 'sending') AND next_at <= $1
     ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT due.*, t.kind, t.value, p.locale, p.display_name, coalesce(p.time_zone, 'UTC') AS time_zone,
           CASE WHEN s.expires_at <= $1 THEN 'expired'
                WHEN standing.held_back IS NOT NULL THEN 'withdrawn'
                WHEN t.target_id IS NULL OR t.permission = 'denied' THEN 'withdrawn'
                WHEN s.purpose <> 'service' AND c.granted IS NOT TRUE THEN 'withdrawn'
                ELSE 'sending' END AS verdict,
           standing.held_back
      FROM due
      JOIN push_send s USING (member_id, source_id, template_key, target_id)
      JOIN LATERAL ({STANDING}) AS standing ON true
      LEFT JOIN push_target t ON t.member_id = due.member_id AND t.target_id = due.target_id
      LEFT JOIN member_consent c
             ON c.member_id = due.member_id AND c.purpose = s.purpose AND c.channel = 'push'
      LEFT JOIN member_profile p ON p.member_id = due.member_id
)
UPDATE push_send s
   SET state = judged.verdict, next_at = $2, attempts_count = s.attempts_count + (judged.verdict = 'sending')::int,
       settled_at = CASE WHEN judged.verdict <> 'sending' THEN $1::timestamptz END,
       last_reason = CASE judged.verdict WHEN 'withdrawn' THEN coalesce(judged.held_back, s.last_reason)
                                         ELSE s.last_reason END
  FROM judged
 WHERE s.member_id = judged.member_id AND s.source_id = judged.source_id
   AND s.template_key = judged.template_key AND s.target_id = judged.target_id
RETURNING s.member_id, s.source_id, s.template_key, s.target_id, s.template_values, s.expires_at, s.attempts_count,
          s.state, s.contact_id, judged.kind, judged.value, judged.locale, judged.display_name, judged.time_zone
"""

# The lease's end is the fence: a worker that slept through its lease finds another's there and changes nothing.
_SETTLE = """
UPDATE push_send s
   SET state = o.state, next_at = o.next_at, attempts_count = s.attempts_count - o.refunded,
       provider_id = o.provider_id, last_reason = o.reason,
       settled_at = CASE WHEN o.state <> 'queued' THEN $1::timestamptz END
  FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::timestamptz[], $9::int[], $10::text[],
              $11::text[])
       AS o (member_id, source_id, template_key, target_id, state, next_at, refunded, provider_id, reason)
 WHERE s.member_id = o.member_id AND s.source_id = o.source_id AND s.template_key = o.template_key
   AND s.target_id = o.target_id AND s.state = 'sending' AND s.next_at = $2
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Claimed:
    """A push that this worker holds until the lease ends."""

    key: tuple[MemberId, UUID, str, UUID]  # member, source, template, target
    kind: TargetKind
    value: str = dataclasses.field(repr=False)
    template_values: Mapping[str, Any]
    expires_at: datetime
    attempts_count: int
    contact_id: UUID | None
    locale: str
    display_name: str | None = dataclasses.field(repr=False)
    time_zone: str


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """What sending needs: where pushes are kept, the programme's words, the push service, the clock."""

    database: Database
    programme_at: ProgrammeAt
    channel: PushChannel
    clock: Clock
    post: Post | None = None  # what carries letters; without one they wait

    async def send_letters_due(self, batches_max: int = 10) -> int:
        """Send the letters that are due: e-mails, texts, words on wallet cards."""
        return await self.post.send_due(batches_max) if self.post else 0

    async def send_due(self, batches_max: int = 10) -> int:
        """Send the pushes that are due, whoever they are for; answers how many were claimed.

        Whoever comes first takes what has gathered, so that a busy minute fills batches by itself. Stops after
        `batches_max` batches of a hundred: the rest waits for the next call.
        """
        claimed_count = 0
        for _ in range(batches_max):
            moment = self.clock()
            lease_until = moment.now + LEASE
            async with self.database.transaction() as tx:
                rows = await tx.fetch(_CLAIM, moment.now, lease_until, BATCH)
            claimed_count += len(rows)
            if claims := [_claimed(row) for row in rows if row["state"] == SendState.SENDING]:
                await self._send(claims, lease_until, moment)
            if len(rows) < BATCH:
                break
        return claimed_count

    async def _send(self, claims: Sequence[Claimed], lease_until: datetime, moment: Moment) -> None:
        """Send one batch and write down the outcomes."""
        programme = await self.programme_at(moment.now)
        settled: list[tuple[Claimed, Settlement]] = []
        ready: list[tuple[Claimed, PushMessage]] = []
        for claim in claims:
            made = _prepare_safely(programme, claim, moment)
            if isinstance(made, Settlement):
                settled.append((claim, made))
            else:
                ready.append((claim, made))
        if ready:
            outcomes = await self.channel.send([message for _, message in ready])
            now = self.clock().now
            settled += [
                (claim, settle(outcome, claim.attempts_count, claim.expires_at, now))
                for (claim, _), outcome in zip(ready, outcomes, strict=True)
            ]
        async with self.database.transaction() as tx:
            await _write(tx, settled, lease_until, self.clock())


def collapse_key(source_id: UUID | None, template_key: str) -> str:
    """The name under which copies of one message replace each other: 32 characters of base64url, the same each time.

    Without a source, all messages of the template are one: the newest stays.
    """
    digest = hashlib.sha256(f"{source_id or ''}:{template_key}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def _prepare_safely(programme: Programme, claim: Claimed, moment: Moment) -> PushMessage | Settlement:
    """One push that cannot be worded must not hold up the ninety-nine beside it."""
    try:
        return _prepare(programme, claim, moment)
    except Exception:
        log.exception("push_not_worded", source_id=str(claim.key[1]), template=claim.key[2])
        fault = PushOutcome(PushOutcomeKind.TRANSIENT, reason="could not be put into words")
        return settle(fault, claim.attempts_count, claim.expires_at, moment.now)


def _prepare(programme: Programme, claim: Claimed, moment: Moment) -> PushMessage | Settlement:
    """The message in its final words, or why it does not leave now."""
    config = programme.section(MessagesConfig)
    template = config.find(claim.key[2])
    if template is None:
        return Settlement(SendState.WITHDRAWN, moment.now, "its template left the programme")
    if template.priority != "urgent" and (until := quiet_until(config.quiet_hours, claim.time_zone, moment.now)):
        # It was put off by the service, or by a worker that stood still, until the quiet hours began.
        if until >= claim.expires_at:
            return Settlement(SendState.EXPIRED, moment.now, "quiet hours")
        return Settlement(SendState.QUEUED, until, "quiet hours", refunded=True)
    return _message(programme, template, claim, moment)


def _message(programme: Programme, template: MessageTemplate, claim: Claimed, moment: Moment) -> PushMessage:
    wording = put_into_words(
        programme, template, values_from_json(claim.template_values), claim.locale, claim.display_name
    )
    return PushMessage(
        kind=claim.kind,
        value=claim.value,
        title=wording.title,
        body=wording.body,
        locale=wording.locale,
        collapse_key=collapse_key(claim.key[1] if template.collapse == "message" else None, claim.key[2]),
        ttl_seconds=max(int((claim.expires_at - moment.now).total_seconds()), 1),
        expires_at=claim.expires_at,
        deep_link=wording.deep_link,
        image_url=wording.image_url,
        android_channel=template.android_channel,
        # By `message` the app tells what became of it; wherever it was shown before, it is one message.
        data={"template": template.key} | ({"message": str(claim.contact_id)} if claim.contact_id else {}),
    )


async def _write(
    tx: Transaction, settled: Sequence[tuple[Claimed, Settlement]], lease_until: datetime, moment: Moment
) -> None:
    """Store the outcomes; delete targets that the service says are gone, and no other."""
    keys = [claim.key for claim, _ in settled]
    ends = [end for _, end in settled]
    await tx.execute(
        _SETTLE, moment.now, lease_until,
        [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys], [key[3] for key in keys],
        [end.state.value for end in ends], [end.next_at for end in ends], [int(end.refunded) for end in ends],
        [end.provider_id for end in ends], [end.reason for end in ends],
    )  # fmt: skip
    for claim, end in settled:
        member_id, source_id, template_key, target_id = claim.key
        if end.state is SendState.UNREGISTERED:
            await forget_targets(tx, member_id, [target_id])
        if end.state not in (SendState.SENT, SendState.QUEUED):
            log.warning(
                "push_not_delivered", member_id=str(member_id), source_id=str(source_id), template=template_key,
                device_id=str(target_id), state=end.state.value, reason=end.reason,
            )  # fmt: skip


def _claimed(row: Row) -> Claimed:
    return Claimed(
        key=(row["member_id"], row["source_id"], row["template_key"], row["target_id"]),
        kind=TargetKind(row["kind"]),
        value=row["value"],
        template_values=row["template_values"],
        expires_at=row["expires_at"],
        attempts_count=row["attempts_count"],
        contact_id=row["contact_id"],
        locale=row["locale"] or "en",
        display_name=row["display_name"],
        time_zone=row["time_zone"],
    )
