"""Asking a member for something: a public review once in a lifetime, a friend at a good moment."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from fedele.db.database import Transaction
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.support import queries
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.events import PublicReviewAsked, ReferralAsked
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

Because = Literal["stars", "event", "redemption"]

# Both walls stand in the table: a second ask for a public review, and a second ask for one cause, insert nothing.
_ASK = """
INSERT INTO support_ask (member_id, ask_id, what, because, cause_id, asked_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING ask_id
"""


async def ask_public_review(tx: Transaction, member_id: MemberId, cause_id: UUID, moment: Moment) -> bool:
    """Ask for a public review, for the first and last time; False where it was asked, or a case waits for an answer.

    The caller holds the member's lock.
    """
    if await queries.has_open_case(tx, member_id):
        return False
    ask_id = await tx.fetch_value(_ASK, member_id, new_id(), "public_review", "score", cause_id, moment.now)
    if ask_id is None:
        return False
    await tx.publish(PublicReviewAsked(member_id=member_id, occurred_at=moment.now, ask_id=ask_id))
    return True


async def ask_referral(
    tx: Transaction, programme: Programme, member_id: MemberId, because: Because, cause_id: UUID, moment: Moment
) -> bool:
    """Ask to bring a friend, unless asked not long ago, or a case waits for an answer, or there are no referrals.

    The caller holds the member's lock.
    """
    ask, referral = programme.section(SupportConfig).referral_ask, programme.section(ReferralConfig)
    if ask is None or not referral.enabled:
        return False
    if not referral.dates.contains(moment.now, programme.section(ProgrammeConfig).time_zone):
        return False
    since = moment.now - timedelta(days=ask.every_days)
    if await queries.was_asked(tx, member_id, "referral", since) or await queries.has_open_case(tx, member_id):
        return False
    ask_id = await tx.fetch_value(_ASK, member_id, new_id(), "referral", because, cause_id, moment.now)
    if ask_id is None:
        return False
    await tx.publish(ReferralAsked(member_id=member_id, occurred_at=moment.now, ask_id=ask_id, because=because))
    return True
