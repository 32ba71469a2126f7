"""The referrer's side answers a code that was applied, and the friend's side hears the answer."""

import dataclasses

from fedele.db.database import Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import errors, queries
from fedele.domains.referrals.commands.log import write_check
from fedele.domains.referrals.config import ReferralConfig, Suspicion
from fedele.domains.referrals.events import ReferralAdmitted
from fedele.domains.referrals.types import BroughtState, CheckOutcome, ReferralId, ReferralState
from fedele.domains.segments.queries import find_facts
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal

PASSED = "PASSED"  # the log's word for nothing suspicious


@dataclasses.dataclass(frozen=True, slots=True)
class _Verdict:
    """What the referrer's side says: its own state, the friend's, and why."""

    brought: BroughtState
    friend: ReferralState
    reason: str | None


async def admit(
    tx: Transaction,
    programme: Programme,
    friend_id: MemberId,
    referrer_id: MemberId,
    referral_id: ReferralId,
    suspicion: str | None,
    moment: Moment,
) -> None:
    """Count the friend against the referrer's caps, under the referrer's lock, and tell the friend's side.

    However many friends apply at once, no more are admitted than the caps have room for. Again: nothing changes.
    """
    await tx.lock_member(referrer_id)
    if await queries.find_brought(tx, referrer_id, referral_id) is not None:
        return
    verdict = await _judge(tx, programme, friend_id, referrer_id, suspicion, moment)
    await tx.execute(
        """
        INSERT INTO referral_brought (member_id, referral_id, friend_id, state, reason, admitted_at, ended_at, units)
        VALUES ($1, $2, $3, $4::text, $5, $6::timestamptz, CASE WHEN $4 = 'refused' THEN $6 END, 0)
        """,
        referrer_id, referral_id, friend_id, verdict.brought, verdict.reason, moment.now,
    )  # fmt: skip
    await tx.publish(
        ReferralAdmitted(
            member_id=referrer_id, occurred_at=moment.now, referral_id=referral_id, friend_id=friend_id,
            state=verdict.friend, reason=verdict.reason,
        )
    )  # fmt: skip


async def answer(
    tx: Transaction,
    friend_id: MemberId,
    referral_id: ReferralId,
    state: ReferralState,
    reason: str | None,
    moment: Moment,
) -> None:
    """Write the referrer's answer on the friend's side, and into the log. Again: nothing changes."""
    await tx.lock_member(friend_id)
    changed = await tx.fetch_value(
        """
        UPDATE referral SET state = $3::text, reason = $4, ended_at = CASE WHEN $3 = 'refused' THEN $5::timestamptz END
         WHERE member_id = $1 AND referral_id = $2 AND state = 'applied' RETURNING true
        """,
        friend_id, referral_id, state, reason, moment.now,
    )  # fmt: skip
    if changed:
        outcome: CheckOutcome = "refused" if state == "refused" else "held" if state == "held" else "admitted"
        await write_check(tx, friend_id, referral_id, outcome, reason or PASSED, moment)
        await tx.touch(friend_id)


async def _judge(
    tx: Transaction,
    programme: Programme,
    friend_id: MemberId,
    referrer_id: MemberId,
    suspicion: str | None,
    moment: Moment,
) -> _Verdict:
    config = programme.section(ReferralConfig)
    referrer = await find_facts(tx, programme, referrer_id, moment.now)
    if referrer is None or not referrer.active:
        return _Verdict("refused", "refused", errors.ReferralClosed.code)
    refused, held = await _own_checks(tx, config, friend_id, referrer_id, moment)
    if refused is not None:
        return _Verdict("refused", "refused", refused.code)
    uses = await queries.cap_uses(tx, programme, referrer_id, moment.now)
    full = any(use.used >= use.cap.times_max for use in uses)
    if full and config.over == "refuse":
        return _Verdict("refused", "refused", errors.ReferralCapReached.code)
    reason = suspicion or (held.code if held else None)
    brought: BroughtState = "unpaid" if full else "held" if reason else "open"
    return _Verdict(brought, "held" if reason else "open", reason)


async def _own_checks(
    tx: Transaction, config: ReferralConfig, friend_id: MemberId, referrer_id: MemberId, moment: Moment
) -> tuple[type[Refusal] | None, type[Refusal] | None]:
    """What only the referrer's side can see for certain: two who applied each other's codes at once, and haste."""
    found: list[tuple[Suspicion, type[Refusal]]] = []
    own = await queries.find_referral(tx, referrer_id)
    if own is not None and own.referrer_id == friend_id and own.state != "refused":
        found.append((config.fraud.ring, errors.ReferralRing))
    velocity = config.fraud.velocity
    since = queries.velocity_since(moment.now, velocity.hours)
    if await queries.count_applications(tx, referrer_id, since) >= velocity.applications_max:
        found.append((velocity.then, errors.ReferralTooFast))
    refused = next((refusal for then, refusal in found if then == "refuse"), None)
    held = next((refusal for then, refusal in found if then == "hold"), None)
    return refused, held
