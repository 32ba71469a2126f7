"""The decision log: "why did she get this" and "why not"."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.types import Decision, MessagePurpose, Outcome, Reason
from fedele.kernel.ids import MemberId

_HELD_BACK = (Reason.MEMBER_GONE, Reason.MEMBER_BLOCKED)


async def list_decisions(
    db: Queryable, member_id: MemberId, *, first: int = 100, before: datetime | None = None
) -> tuple[Decision, ...]:
    """Why this member was contacted or not, newest first; what was decided at one moment is never parted by a page.

    What was let through and then withheld on its way, since the member had left or was blocked by then, says so.
    """
    rows = await db.fetch(
        """
        SELECT d.member_id, d.source_id, d.template_key, d.purpose, d.channel, d.decided_at, d.send_at, d.contact_id,
               d.priority, d.campaign_key, d.variant, d.exclusive_group, d.details,
               CASE WHEN held.reason IS NULL THEN d.outcome ELSE 'suppressed' END AS outcome,
               coalesce(held.reason, d.reason) AS reason
          FROM (SELECT * FROM message_decision WHERE member_id = $1 AND ($2::timestamptz IS NULL OR decided_at < $2)
                 ORDER BY decided_at DESC FETCH FIRST $3 ROWS WITH TIES) AS d
          LEFT JOIN LATERAL (
               SELECT coalesce(
                   (SELECT s.last_reason FROM push_send s
                     WHERE d.channel = 'push' AND s.member_id = d.member_id AND s.source_id = d.source_id
                       AND s.template_key = d.template_key AND s.state = 'withdrawn' AND s.last_reason = ANY($4::text[])
                     LIMIT 1),
                   (SELECT l.last_reason FROM message_letter l
                     WHERE l.member_id = d.member_id AND l.source_id = d.source_id AND l.channel = d.channel
                       AND l.template_key = d.template_key AND l.state = 'withdrawn'
                       AND l.last_reason = ANY($4::text[]))) AS reason) AS held ON true
         ORDER BY d.decided_at DESC, d.source_id, d.template_key, d.channel
        """,
        member_id, before, first, [reason.value for reason in _HELD_BACK],
    )  # fmt: skip
    return tuple(map(decision_of, rows))


async def decisions_of(
    db: Queryable, member_ids: Sequence[MemberId], source_ids: Sequence[UUID]
) -> dict[tuple[MemberId, UUID, str], list[Decision]]:
    """What was decided already for these happenings, a member and a source each, by member, source and template."""
    rows = await db.fetch(
        """
        SELECT d.* FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[])) AS k (member_id, source_id), LATERAL (
               SELECT * FROM message_decision d
                WHERE d.member_id = k.member_id AND d.source_id = k.source_id OFFSET 0) d
         ORDER BY d.template_key, d.channel
        """,
        list(member_ids), list(source_ids),
    )  # fmt: skip
    found: dict[tuple[MemberId, UUID, str], list[Decision]] = {}
    for row in rows:
        found.setdefault((row["member_id"], row["source_id"], row["template_key"]), []).append(decision_of(row))
    return found


async def find_contact(db: Queryable, member_id: MemberId, contact_id: UUID) -> Decision | None:
    """The decision behind a message that an app or a provider tells of."""
    row = await db.fetch_row(
        "SELECT * FROM message_decision WHERE member_id = $1 AND contact_id = $2", member_id, contact_id
    )
    return decision_of(row) if row else None


def decision_of(row: Row) -> Decision:
    """A row of message_decision as a record."""
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
        contact_id=row["contact_id"],
        priority=row["priority"],
        campaign_key=row["campaign_key"],
        variant=row["variant"],
        exclusive_group=row["exclusive_group"],
        details=row["details"],
    )


def purpose_of(text: str) -> MessagePurpose:
    """A stored purpose as its word."""
    return "service" if text == "service" else Purpose(text)
