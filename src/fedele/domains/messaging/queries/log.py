"""The decision log: "why did she get this" and "why not"."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.types import Decision, MessagePurpose, Outcome, Reason
from fedele.kernel.ids import MemberId


async def list_decisions(
    db: Queryable, member_id: MemberId, *, first: int = 100, before: datetime | None = None
) -> tuple[Decision, ...]:
    """Why this member was contacted or not, newest first; what was decided at one moment is never parted by a page."""
    rows = await db.fetch(
        """
        SELECT d.* FROM (
               SELECT * FROM message_decision WHERE member_id = $1 AND ($2::timestamptz IS NULL OR decided_at < $2)
                ORDER BY decided_at DESC FETCH FIRST $3 ROWS WITH TIES) AS d
         ORDER BY d.decided_at DESC, d.source_id, d.template_key, d.channel
        """,
        member_id, before, first,
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
