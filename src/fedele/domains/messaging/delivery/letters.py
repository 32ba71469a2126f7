"""E-mails, texts and words on wallet cards on their way out: claim what is due, send it, write down what became of it.

As with pushes, a letter is claimed and committed before it is sent, and settled after; its address and the member's
consent are read while claiming. Nothing on the way folds two copies of an e-mail or a text into one as phones do with
pushes. So the first attempt is written down before it is made: an SMS provider is asked whether that one left before
another is made, and an e-mail keeps one Message-ID, by which receiving servers drop a copy.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from fedele.db.database import Database, Row, Transaction
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.config import MessagesConfig, MessageTemplate
from fedele.domains.messaging.delivery.letter_words import letter_words
from fedele.domains.messaging.delivery.settling import LEASE, STANDING, Settlement, settle
from fedele.domains.messaging.events import WalletMessageSet
from fedele.domains.messaging.governor import quiet_until
from fedele.domains.messaging.links import MessageLinks
from fedele.domains.messaging.ports import Clock, Letter, LetterChannel, ProgrammeAt, PushOutcome, PushOutcomeKind
from fedele.domains.messaging.types import SendState
from fedele.domains.messaging.wording import fill, put_into_words, values_from_json
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

BATCH = 50
KEPT_AFTER_UNKNOWN = timedelta(minutes=2)

# $1 now, $2 the end of the lease, $3 how many, $4 the channels that somebody carries. The purpose `service` needs no
# consent of the programme's. A wallet card has no address: its words are set, and the wallet hears of it.
_CLAIM = f"""
WITH due AS (
    SELECT member_id, source_id, template_key, channel FROM message_letter
     WHERE state IN ('queued', 'sending') AND next_at <= $1 AND channel = ANY($4::text[])
     ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT due.*, a.value, p.locale, p.display_name, coalesce(p.time_zone, 'UTC') AS time_zone,
           CASE WHEN s.expires_at <= $1 THEN 'expired'
                WHEN standing.held_back IS NOT NULL THEN 'withdrawn'
                WHEN a.value IS NULL AND due.channel <> 'wallet' THEN 'withdrawn'
                WHEN s.purpose <> 'service' AND c.granted IS NOT TRUE THEN 'withdrawn'
                ELSE 'sending' END AS verdict,
           standing.held_back
      FROM due
      JOIN message_letter s USING (member_id, source_id, template_key, channel)
      JOIN LATERAL ({STANDING}) AS standing ON true
      LEFT JOIN LATERAL (
           SELECT a.value FROM member_contact a
            WHERE a.member_id = due.member_id
              AND a.kind = CASE due.channel WHEN 'sms' THEN 'phone' ELSE due.channel END
              AND NOT EXISTS (SELECT 1 FROM message_address_block b
                               WHERE b.member_id = a.member_id AND b.channel = due.channel
                                 AND b.value_hash = sha256(convert_to(a.value, 'UTF8')))
            ORDER BY a.added_at DESC, a.value LIMIT 1) a ON true
      LEFT JOIN member_consent c
             ON c.member_id = due.member_id AND c.purpose = s.purpose AND c.channel = due.channel
      LEFT JOIN member_profile p ON p.member_id = due.member_id
)
UPDATE message_letter s
   SET state = judged.verdict, next_at = $2, attempts_count = s.attempts_count + (judged.verdict = 'sending')::int,
       first_tried_at = CASE WHEN judged.verdict = 'sending' THEN coalesce(s.first_tried_at, $1)
                             ELSE s.first_tried_at END,
       settled_at = CASE WHEN judged.verdict <> 'sending' THEN $1::timestamptz END,
       last_reason = CASE judged.verdict WHEN 'withdrawn' THEN coalesce(judged.held_back, s.last_reason)
                                         ELSE s.last_reason END
  FROM judged
 WHERE s.member_id = judged.member_id AND s.source_id = judged.source_id
   AND s.template_key = judged.template_key AND s.channel = judged.channel
RETURNING s.member_id, s.source_id, s.template_key, s.channel, s.contact_id, s.purpose, s.template_values,
          s.expires_at, s.attempts_count, s.state, old.first_tried_at AS tried_at, judged.value, judged.locale,
          judged.display_name, judged.time_zone
"""

# The lease's end is the fence, as with pushes. What never left forgets that it was tried.
_SETTLE = """
UPDATE message_letter s
   SET state = o.state, next_at = o.next_at, attempts_count = s.attempts_count - o.refunded,
       first_tried_at = CASE WHEN o.unsent THEN NULL ELSE s.first_tried_at END,
       provider_id = o.provider_id, last_reason = o.reason,
       settled_at = CASE WHEN o.state <> 'queued' THEN $1::timestamptz END
  FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::int[], $10::text[],
              $11::text[], $12::bool[])
       AS o (member_id, source_id, template_key, channel, state, next_at, refunded, provider_id, reason, unsent)
 WHERE s.member_id = o.member_id AND s.source_id = o.source_id AND s.template_key = o.template_key
   AND s.channel = o.channel AND s.state = 'sending' AND s.next_at = $2
RETURNING s.member_id, s.source_id, s.template_key, s.channel
"""
_BLOCK = """
INSERT INTO message_address_block (member_id, channel, value_hash, reason, blocked_at)
VALUES ($1, $2, sha256(convert_to($3, 'UTF8')), $4, $5) ON CONFLICT DO NOTHING
"""


@dataclasses.dataclass(frozen=True, slots=True)
class ClaimedLetter:
    """A letter that this worker holds until the lease ends."""

    key: tuple[MemberId, UUID, str, str]  # member, source, template, channel
    contact_id: UUID
    purpose: str
    value: str | None = dataclasses.field(repr=False)
    template_values: Mapping[str, Any]
    expires_at: datetime
    attempts_count: int
    tried_at: datetime | None
    locale: str
    display_name: str | None = dataclasses.field(repr=False)
    time_zone: str

    @property
    def channel(self) -> Channel:
        """By which it goes."""
        return Channel(self.key[3])


@dataclasses.dataclass(frozen=True, slots=True)
class Post:
    """What sending letters needs: where they are kept, the programme's words, who carries them, links, the clock."""

    database: Database
    programme_at: ProgrammeAt
    carriers: Mapping[Channel, LetterChannel]
    links: MessageLinks
    clock: Clock

    async def send_due(self, batches_max: int = 10) -> int:
        """Send the letters that are due, whoever they are for; answers how many were claimed."""
        claimed_count = 0
        carried = [channel.value for channel in (*self.carriers, Channel.WALLET)]
        for _ in range(batches_max):
            moment = self.clock()
            lease_until = moment.now + LEASE
            async with self.database.transaction() as tx:
                rows = await tx.fetch(_CLAIM, moment.now, lease_until, BATCH, carried)
            claimed_count += len(rows)
            claims = [_claimed(row) for row in rows if row["state"] == SendState.SENDING]
            if claims:
                await self._send(claims, lease_until, moment)
            if len(rows) < BATCH:
                break
        return claimed_count

    async def _send(self, claims: Sequence[ClaimedLetter], lease_until: datetime, moment: Moment) -> None:
        programme = await self.programme_at(moment.now)
        settled: list[tuple[ClaimedLetter, Settlement, bool]] = []
        ready: dict[Channel, list[tuple[ClaimedLetter, Letter]]] = {}
        for claim in claims:
            made = self._prepare_safely(programme, claim, moment)
            if isinstance(made, Settlement):
                settled.append((claim, made, claim.tried_at is None))  # an earlier attempt may have left: ask then, too
            else:
                ready.setdefault(claim.channel, []).append((claim, made))
        for channel, pairs in ready.items():
            outcomes = await self.carriers[channel].send([letter for _, letter in pairs])
            now = self.clock().now
            for (claim, _), outcome in zip(pairs, outcomes, strict=True):
                settled.append((claim, _settle(outcome, claim, now), not outcome.possibly_delivered))
        async with self.database.transaction() as tx:
            await _write(tx, settled, lease_until, self.clock())

    def _prepare_safely(self, programme: Programme, claim: ClaimedLetter, moment: Moment) -> Letter | Settlement:
        """One letter that cannot be worded must not hold up the others."""
        try:
            return self._prepare(programme, claim, moment)
        except Exception:
            log.exception("letter_not_worded", source_id=str(claim.key[1]), template=claim.key[2])
            fault = PushOutcome(PushOutcomeKind.TRANSIENT, reason="could not be put into words")
            return settle(fault, claim.attempts_count, claim.expires_at, moment.now)

    def _prepare(self, programme: Programme, claim: ClaimedLetter, moment: Moment) -> Letter | Settlement:
        """The letter in its final words, or what becomes of it without one."""
        config = programme.section(MessagesConfig)
        template = config.find(claim.key[2])
        if template is None:
            return Settlement(SendState.WITHDRAWN, moment.now, "its template left the programme")
        if template.priority != "urgent" and (until := quiet_until(config.quiet_hours, claim.time_zone, moment.now)):
            if until >= claim.expires_at:
                return Settlement(SendState.EXPIRED, moment.now, "quiet hours")
            return Settlement(SendState.QUEUED, until, "quiet hours", refunded=True)
        if claim.channel is Channel.WALLET:
            return Settlement(SendState.SENT, moment.now)
        return (
            self._email(programme, template, claim)
            if claim.channel is Channel.EMAIL
            else self._sms(programme, template, claim, moment)
        )

    def _email(self, programme: Programme, template: MessageTemplate, claim: ClaimedLetter) -> Letter:
        values = values_from_json(claim.template_values)
        wording = put_into_words(programme, template, values, claim.locale, claim.display_name)
        link = wording.deep_link if wording.deep_link and wording.deep_link.startswith("https://") else None
        stop_url = None
        if claim.purpose != "service":
            stop_url = self.links.stop(claim.key[0], Purpose(claim.purpose), Channel.EMAIL)
        words = letter_words(
            programme, template, values, (claim.locale, claim.display_name),
            self.links.go(claim.key[0], claim.contact_id, link) if link else None, stop_url,
        )  # fmt: skip
        return Letter(
            to=claim.value or "", locale=words.locale, text=words.text, key=str(claim.contact_id),
            subject=words.subject, html=words.html, unsubscribe_url=stop_url, tried_at=claim.tried_at,
            contact_token=self.links.mail(claim.key[0], claim.contact_id),
        )  # fmt: skip

    def _sms(self, programme: Programme, template: MessageTemplate, claim: ClaimedLetter, moment: Moment) -> Letter:
        values = values_from_json(claim.template_values)
        if template.sms is not None:
            text = fill(programme, template.sms, values, claim.locale, claim.display_name)
        else:
            wording = put_into_words(programme, template, values, claim.locale, claim.display_name)
            text = f"{wording.title}\n{wording.body}".strip()
        return Letter(
            to=claim.value or "", locale=claim.locale, text=text, key=str(claim.contact_id),
            status_url=self.links.status(claim.key[0], claim.contact_id), tried_at=claim.tried_at,
            ttl_seconds=max(int((claim.expires_at - moment.now).total_seconds()), 1),
        )  # fmt: skip


def _settle(outcome: PushOutcome, claim: ClaimedLetter, now: datetime) -> Settlement:
    """As with pushes; but what may have left is asked after only once the provider has had time to know of it."""
    end = settle(outcome, claim.attempts_count, claim.expires_at, now)
    if end.state is SendState.QUEUED and outcome.possibly_delivered:
        return dataclasses.replace(end, next_at=max(end.next_at, now + KEPT_AFTER_UNKNOWN))
    return end


async def _write(
    tx: Transaction,
    settled: Sequence[tuple[ClaimedLetter, Settlement, bool]],
    lease_until: datetime,
    moment: Moment,
) -> None:
    """Store the outcomes, block addresses that do not exist, and tell the wallet of new words."""
    keys = [claim.key for claim, _, _ in settled]
    ends = [end for _, end, _ in settled]
    rows = await tx.fetch(
        _SETTLE, moment.now, lease_until,
        [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys], [key[3] for key in keys],
        [end.state.value for end in ends], [end.next_at for end in ends], [int(end.refunded) for end in ends],
        [end.provider_id for end in ends], [end.reason for end in ends],
        [unsent and end.state is SendState.QUEUED for _, end, unsent in settled],
    )  # fmt: skip
    written = {(row["member_id"], row["source_id"], row["template_key"], row["channel"]) for row in rows}
    for claim, end, _ in settled:
        member_id, source_id, template_key, channel = claim.key
        if claim.key not in written:
            continue
        if end.state is SendState.UNREGISTERED and claim.value is not None:
            await tx.execute(_BLOCK, member_id, channel, claim.value, end.reason or "unknown", moment.now)
        if end.state is SendState.SENT and claim.channel is Channel.WALLET:
            await tx.publish(
                WalletMessageSet(
                    member_id=member_id, occurred_at=moment.now, source_id=source_id, template_key=template_key
                )
            )
        if end.state not in (SendState.SENT, SendState.QUEUED):
            log.warning(
                "letter_not_delivered", member_id=str(member_id), source_id=str(source_id), template=template_key,
                channel=channel, state=end.state.value, reason=end.reason,
            )  # fmt: skip


def _claimed(row: Row) -> ClaimedLetter:
    return ClaimedLetter(
        key=(row["member_id"], row["source_id"], row["template_key"], row["channel"]),
        contact_id=row["contact_id"],
        purpose=row["purpose"],
        value=row["value"],
        template_values=row["template_values"],
        expires_at=row["expires_at"],
        attempts_count=row["attempts_count"],
        tried_at=row["tried_at"],
        locale=row["locale"] or "en",
        display_name=row["display_name"],
        time_zone=row["time_zone"],
    )
