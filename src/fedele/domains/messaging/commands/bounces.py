"""What becomes of an address that a mail system says does not exist, or whose owner complained."""

import contextlib
from typing import Literal
from uuid import UUID

import structlog

from fedele.db.database import Transaction
from fedele.domains.members.commands import set_consent
from fedele.domains.members.errors import MemberErased, MemberNotFound
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging import queries
from fedele.domains.messaging.commands.inbox import report
from fedele.domains.messaging.links import MessageLinks
from fedele.domains.messaging.ports import MailReport
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

# The address that was written to, if the member still has it: the one named, or else any they had by then.
_BLOCK = """
INSERT INTO message_address_block (member_id, channel, value_hash, reason, blocked_at)
SELECT a.member_id, 'email', sha256(convert_to(a.value, 'UTF8')), $4, $5
  FROM member_contact a
 WHERE a.member_id = $1 AND a.kind = 'email' AND a.added_at <= $3
   AND ($2::text IS NULL OR lower(a.value) = lower($2))
ON CONFLICT DO NOTHING
RETURNING true
"""

MailOutcome = Literal["unknown", "noted", "suppressed"]


async def hear_of_mail(tx: Transaction, links: MessageLinks, told: MailReport, moment: Moment) -> MailOutcome:
    """Do what a report asks for: an address that is gone is written to no more, and after a complaint consent is
    withdrawn besides. Hearing it again changes nothing.

    Unknown: it is about no e-mail of ours, or nobody can show that it is.
    """
    parts = links.read("mail", told.token) if told.token else None
    if parts is None:
        return "unknown"
    member_id, contact_id = MemberId(UUID(parts[0])), UUID(parts[1])
    decision = await queries.find_contact(tx, member_id, contact_id)
    if decision is None or decision.channel is not Channel.EMAIL:
        return "unknown"
    await tx.lock_member(member_id)
    if told.what != "complaint":
        await report(tx, member_id, [(contact_id, "failed", moment.now)], moment)
    if told.what == "failed":
        return "noted"
    rows = await tx.fetch(_BLOCK, member_id, told.address, decision.decided_at, told.reason, moment.now)
    if told.what == "complaint" and decision.purpose != "service":
        with contextlib.suppress(MemberErased, MemberNotFound):  # nobody is written to there any more
            await set_consent(
                tx, member_id, Purpose(decision.purpose), Channel.EMAIL, False,
                source="complaint", wording="a complaint to the mail provider", moment=moment,
            )  # fmt: skip
    log.warning(
        "address_suppressed", member_id=str(member_id), contact_id=str(contact_id), what=told.what,
        reason=told.reason, addresses=len(rows),
    )  # fmt: skip
    return "suppressed"
