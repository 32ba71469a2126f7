"""What the member does about messages: closing them, and what the app, a provider or a link tells of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.members.types import Channel
from fedele.domains.messaging.events import MessageDismissed, MessageReported
from fedele.domains.messaging.types import MessageId, Report
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound

# The first telling counts; what is no message of the member's tells nothing. A click says that it was opened, and
# whatever was opened was seen.
_REPORT = """
INSERT INTO message_report (member_id, contact_id, what, occurred_at, recorded_at)
SELECT d.member_id, d.contact_id, implied.what, least(told.occurred_at, $5), $5
  FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS told (contact_id, what, occurred_at)
  JOIN message_decision d ON d.member_id = $1 AND d.contact_id = told.contact_id AND d.outcome <> 'suppressed'
 CROSS JOIN LATERAL unnest(CASE told.what WHEN 'clicked' THEN ARRAY['clicked', 'opened', 'seen']
                                          WHEN 'opened' THEN ARRAY['opened', 'seen']
                                          ELSE ARRAY[told.what] END) AS implied (what)
ON CONFLICT DO NOTHING
RETURNING contact_id, what
"""
_SEEN = """
WITH shown AS (
    UPDATE in_app_message SET seen_at = coalesce(seen_at, $3), shown_count = shown_count + 1
     WHERE member_id = $1 AND message_id = ANY($2::uuid[])
 RETURNING message_id, old.seen_at IS NULL AS newly
), noted AS (
    INSERT INTO message_report (member_id, contact_id, what, occurred_at, recorded_at)
    SELECT $1, message_id, 'seen', $3, $3 FROM shown WHERE newly ON CONFLICT DO NOTHING
)
SELECT count(*) FILTER (WHERE newly) FROM shown
"""
_NAMES = """
SELECT contact_id, source_id, template_key, channel FROM message_decision
 WHERE member_id = $1 AND contact_id = ANY($2::uuid[])
"""


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
    newly: int = await tx.fetch_value(_SEEN, member_id, list(message_ids), moment.now)
    return newly


async def report(
    tx: Transaction, member_id: MemberId, told: Iterable[tuple[UUID, Report, datetime]], moment: Moment
) -> int:
    """Note what became of messages: (contact id, what, when) each; the first time counts. How many were new.

    Ids that are no messages of this member's are passed over. `seen` in the app counts towards the template's limit.
    """
    lines = list(told)
    rows = await tx.fetch(
        _REPORT, member_id, [line[0] for line in lines], [line[1] for line in lines], [line[2] for line in lines],
        moment.now,
    )  # fmt: skip
    shown = [contact_id for contact_id, what, _ in lines if what == "seen"]
    if shown:
        await tx.execute(
            """
            UPDATE in_app_message i SET shown_count = shown_count + told.count, seen_at = coalesce(seen_at, $3)
              FROM (SELECT message_id, count(*) AS count FROM unnest($2::uuid[]) AS m (message_id) GROUP BY 1) told
             WHERE i.member_id = $1 AND i.message_id = told.message_id
            """,
            member_id, shown, moment.now,
        )  # fmt: skip
    if rows:
        await _announce(tx, member_id, [(row["contact_id"], row["what"]) for row in rows], moment)
    return len(rows)


async def _announce(tx: Transaction, member_id: MemberId, new: Sequence[tuple[UUID, Report]], moment: Moment) -> None:
    """Tell rooms above of what was opened or clicked; that a message was seen interests nobody by itself."""
    telling = [(contact_id, what) for contact_id, what in new if what in ("opened", "clicked")]
    if not telling:
        return
    rows = await tx.fetch(_NAMES, member_id, [contact_id for contact_id, _ in telling])
    named = {row["contact_id"]: row for row in rows}
    for contact_id, what in telling:
        row = named[contact_id]
        await tx.publish(
            MessageReported(
                member_id=member_id, occurred_at=moment.now, source_id=row["source_id"],
                template_key=row["template_key"], channel=Channel(row["channel"]), what=what,
            )
        )  # fmt: skip


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Delete everything personal of an erased member. The decision log stays: it names nobody."""
    await tx.execute("DELETE FROM push_target_owner WHERE member_id = $1", member_id)
    for table in ("push_target", "push_send", "in_app_message", "message_letter", "message_address_block"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", member_id)
