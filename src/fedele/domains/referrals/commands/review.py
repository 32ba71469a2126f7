"""A person decides about a referral that the rules hold."""

from fedele.db.database import Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import errors, queries
from fedele.domains.referrals.commands.log import write_check
from fedele.domains.referrals.commands.settle import APPROVED, end, follow_purchases
from fedele.domains.referrals.types import Referral
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound

WORDS_MAX = 500


async def approve_referral(
    tx: Transaction, programme: Programme, friend_id: MemberId, actor: str, why: str, moment: Moment
) -> Referral:
    """Let a held referral go on; it is paid when its purchase has settled, and not suspected again.

    `programme` is the version under which the code was applied. Raises NotFound, ReferralNotHeld.
    """
    referral = await _held(tx, friend_id)
    await write_check(tx, friend_id, referral.id, "approved", why[:WORDS_MAX], moment, actor)
    await end(tx, referral, "open", APPROVED, moment)
    await follow_purchases(tx, programme, friend_id, moment)
    return await _get(tx, friend_id)


async def reject_referral(tx: Transaction, friend_id: MemberId, actor: str, why: str, moment: Moment) -> Referral:
    """Refuse a held referral; its place under the referrer's caps is free again. Raises NotFound, ReferralNotHeld."""
    referral = await _held(tx, friend_id)
    await write_check(tx, friend_id, referral.id, "rejected", why[:WORDS_MAX], moment, actor)
    await end(tx, referral, "refused", referral.reason, moment)
    return await _get(tx, friend_id)


async def _held(tx: Transaction, friend_id: MemberId) -> Referral:
    await tx.lock_member(friend_id)
    referral = await _get(tx, friend_id)
    if referral.state != "held":
        raise errors.ReferralNotHeld(state=referral.state)
    return referral


async def _get(tx: Transaction, friend_id: MemberId) -> Referral:
    referral = await queries.find_referral(tx, friend_id)
    if referral is None:
        raise NotFound(what="referral", field="memberId")
    return referral
