"""Reading what messaging holds. Consent is read here, in SQL, beside what depends on it.

`member`, `member_profile` and `member_consent` are the tables of members, a room beneath; joining them here is what
makes a decision one statement.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.may_contact import ContactFacts
from fedele.domains.messaging.types import (
    PUSHABLE_KINDS,
    Decision,
    Device,
    DeviceId,
    Display,
    InAppMessage,
    MessageId,
    MessagePurpose,
    Outcome,
    Permission,
    Platform,
    PushRecord,
    Reason,
    SendState,
    TargetKind,
)
from fedele.domains.messaging.wording import put_into_words, values_from_json
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import Page, decode_cursor, encode_cursor

_CONTACT_FACTS = """
SELECT m.status = 'active' AS active,
       coalesce(p.time_zone, 'UTC') AS time_zone,
       (SELECT count(*) FROM push_target t
         WHERE t.member_id = m.member_id AND t.permission <> 'denied' AND t.kind = ANY($2::text[])) AS targets_count,
       (SELECT count(*) FROM push_target t
         WHERE t.member_id = m.member_id AND t.permission IN ('granted', 'provisional')
           AND t.kind = ANY($2::text[])) AS permitted_count,
       ARRAY(SELECT purpose || ' ' || channel FROM member_consent c
              WHERE c.member_id = m.member_id AND c.granted) AS granted,
       ARRAY(SELECT purpose || ' ' || channel FROM member_consent c
              WHERE c.member_id = m.member_id AND NOT c.granted) AS refused,
       -- Eight days: the last seven, and today from its beginning in any time zone.
       ARRAY(SELECT coalesce(d.send_at, d.decided_at) FROM message_decision d
              WHERE d.member_id = m.member_id AND d.channel = 'push' AND d.outcome <> 'suppressed'
                AND d.decided_at > $3::timestamptz - interval '8 days') AS pushed_at
  FROM member m LEFT JOIN member_profile p USING (member_id)
 WHERE m.member_id = $1
"""

_SHOWN = """
SELECT i.member_id, i.message_id, i.template_key, i.template_values, i.display, i.created_at, i.expires_at, i.seen_at,
       p.locale, p.display_name
  FROM in_app_message i LEFT JOIN member_profile p USING (member_id)
 WHERE i.member_id = $1 AND i.dismissed_at IS NULL AND i.expires_at > $2
   AND i.template_key = ANY($4::text[])
"""
# Newest first; `$3` is the last message of the page before.
_MESSAGES = _SHOWN + "AND ($3::uuid IS NULL OR i.message_id < $3) ORDER BY i.message_id DESC LIMIT $5"
_MESSAGE = _SHOWN + "AND i.message_id = $3"


async def contact_facts(db: Queryable, member_id: MemberId, moment: Moment) -> ContactFacts:
    """What `may_contact` needs to know. An unknown member is one who may not be contacted."""
    row = await db.fetch_row(_CONTACT_FACTS, member_id, [kind.value for kind in PUSHABLE_KINDS], moment.now)
    if row is None:
        return ContactFacts(active=False, time_zone="UTC")
    return ContactFacts(
        active=row["active"],
        time_zone=row["time_zone"],
        granted=_pairs(row["granted"]),
        refused=_pairs(row["refused"]),
        targets_count=row["targets_count"],
        permitted_count=row["permitted_count"],
        pushed_at=tuple(row["pushed_at"]),
    )


async def list_messages(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    moment: Moment,
    *,
    first: int = 20,
    after: str | None = None,
    locale: str | None = None,
) -> Page[InAppMessage]:
    """The member's in-app messages that are neither dismissed nor expired, newest first, in their own language.

    `locale` asks for another language. A message whose template left the programme is not shown: nobody stands by its
    words any more. Raises MalformedCursor.
    """
    before = UUID(decode_cursor(after, 1)[0]) if after else None
    keys = [template.key for template in programme.section(MessagesConfig).templates]
    rows = await db.fetch(_MESSAGES, member_id, moment.now, before, keys, first + 1)
    items = tuple(_message(programme, row, locale) for row in rows[:first])
    return Page(items, tuple(encode_cursor(str(item.message_id)) for item in items), len(rows) > first)


async def find_message(
    db: Queryable,
    programme: Programme,
    member_id: MemberId,
    message_id: MessageId,
    moment: Moment,
    *,
    locale: str | None = None,
) -> InAppMessage | None:
    """One of the messages that `list_messages` would list, or None."""
    keys = [template.key for template in programme.section(MessagesConfig).templates]
    row = await db.fetch_row(_MESSAGE, member_id, moment.now, message_id, keys)
    return _message(programme, row, locale) if row else None


async def find_device(db: Queryable, member_id: MemberId, device_id: DeviceId) -> Device | None:
    """One of the member's devices, or None."""
    return next((device for device in await list_devices(db, member_id) if device.device_id == device_id), None)


async def list_devices(db: Queryable, member_id: MemberId) -> tuple[Device, ...]:
    """The member's registered devices, the last seen first; never the values that address them."""
    rows = await db.fetch(
        """
        SELECT member_id, target_id, kind, platform, app_version, locale, time_zone, permission, registered_at,
               last_seen_at
          FROM push_target WHERE member_id = $1 ORDER BY last_seen_at DESC, target_id
        """,
        member_id,
    )
    return tuple(map(device_of, rows))


async def list_decisions(
    db: Queryable, member_id: MemberId, *, first: int = 100, before: datetime | None = None
) -> tuple[Decision, ...]:
    """Why this member was contacted or not, newest first."""
    rows = await db.fetch(
        """
        SELECT * FROM message_decision WHERE member_id = $1 AND ($2::timestamptz IS NULL OR decided_at < $2)
         ORDER BY decided_at DESC, source_id, template_key, channel LIMIT $3
        """,
        member_id, before, first,
    )  # fmt: skip
    return tuple(map(_decision, rows))


async def list_pushes(db: Queryable, member_id: MemberId) -> tuple[PushRecord, ...]:
    """Where each of the member's pushes stands, for support."""
    rows = await db.fetch(
        """
        SELECT member_id, source_id, template_key, target_id, state, next_at, attempts_count, last_reason
          FROM push_send WHERE member_id = $1 ORDER BY source_id DESC, template_key, target_id LIMIT 200
        """,
        member_id,
    )
    return tuple(
        PushRecord(
            row["member_id"], row["source_id"], row["template_key"], DeviceId(row["target_id"]),
            SendState(row["state"]), row["next_at"], row["attempts_count"], row["last_reason"],
        )
        for row in rows
    )  # fmt: skip


async def decided_templates(db: Queryable, member_id: MemberId, source_id: UUID) -> frozenset[str]:
    """The templates that were decided on already for this happening."""
    rows = await db.fetch(
        "SELECT DISTINCT template_key FROM message_decision WHERE member_id = $1 AND source_id = $2",
        member_id, source_id,
    )  # fmt: skip
    return frozenset(row["template_key"] for row in rows)


def device_of(row: Row) -> Device:
    """A row of push_target as a record."""
    return Device(
        device_id=DeviceId(row["target_id"]),
        member_id=row["member_id"],
        kind=TargetKind(row["kind"]),
        platform=Platform(row["platform"]),
        app_version=row["app_version"],
        locale=row["locale"],
        time_zone=row["time_zone"],
        permission=Permission(row["permission"]),
        registered_at=row["registered_at"],
        last_seen_at=row["last_seen_at"],
    )


def _message(programme: Programme, row: Row, locale: str | None) -> InAppMessage:
    template = programme.section(MessagesConfig).find(row["template_key"])
    assert template is not None, "the statement asks for the programme's templates only"
    values = values_from_json(row["template_values"])
    return InAppMessage(
        message_id=MessageId(row["message_id"]),
        member_id=row["member_id"],
        template_key=row["template_key"],
        display=Display(row["display"]),
        wording=put_into_words(programme, template, values, locale or row["locale"] or "en", row["display_name"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        seen_at=row["seen_at"],
    )


def _decision(row: Row) -> Decision:
    return Decision(
        member_id=row["member_id"],
        source_id=row["source_id"],
        template_key=row["template_key"],
        purpose=purpose_of(row["purpose"]),
        channel=Channel(row["channel"]),
        outcome=Outcome(row["outcome"]),
        reason=Reason(row["reason"]),
        decided_at=row["decided_at"],
        send_at=row["send_at"],
    )


def purpose_of(text: str) -> MessagePurpose:
    """A stored purpose as its word."""
    return "service" if text == "service" else Purpose(text)


def _pairs(texts: Sequence[Any]) -> frozenset[tuple[Purpose, Channel]]:
    return frozenset((Purpose(text.split()[0]), Channel(text.split()[1])) for text in texts)
