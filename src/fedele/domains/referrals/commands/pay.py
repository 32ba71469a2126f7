"""The referrer's side after the friend's: paid, or taken back. In the referrer's own transaction."""

from fedele.db.database import Transaction
from fedele.domains.prizes.commands import give_prize, take_back_prize
from fedele.domains.prizes.types import Cause, Given
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import queries
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.referrals.events import ReferralPaid
from fedele.domains.referrals.types import Brought, BroughtState, ReferralId, ReferralState
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId


async def pay_referrer(
    tx: Transaction, programme: Programme, referrer_id: MemberId, referral_id: ReferralId, moment: Moment
) -> None:
    """Give the referrer theirs for a friend whose purchase has settled; once, and not after it was revoked.

    `programme` is the version under which the code was applied: both get what was promised then.
    """
    await tx.lock_member(referrer_id)
    brought = await queries.find_brought(tx, referrer_id, referral_id)
    if brought is None or brought.state not in ("open", "held"):
        return
    prize = programme.section(ReferralConfig).referrer
    referrer = await find_facts(tx, programme, referrer_id, moment.now)
    if prize is None or referrer is None or not referrer.active:
        await _write(tx, brought, "unpaid", Given(), None, moment)
        return
    status = await status_of(tx, programme, referrer_id, moment)
    given = await give_prize(
        tx, programme, referrer_id, prize, _cause(brought), status.current if status else None, moment
    )
    await _write(tx, brought, "paid", given, None, moment)
    await tx.publish(
        ReferralPaid(
            member_id=referrer_id, occurred_at=moment.now, referral_id=referral_id, currency=given.currency,
            units=given.units,
        )
    )  # fmt: skip


async def follow_friend(
    tx: Transaction,
    programme: Programme,
    referrer_id: MemberId,
    referral_id: ReferralId,
    state: ReferralState,
    reason: str | None,
    moment: Moment,
) -> None:
    """Follow the friend's side: held, open again, or over. What was paid is taken back only when it was revoked.

    News may come in any order: what is over stays over.
    """
    await tx.lock_member(referrer_id)
    brought = await queries.find_brought(tx, referrer_id, referral_id)
    if brought is None or state in ("applied", "settled"):
        return
    now: BroughtState
    match brought.state, state:
        case (("open" | "held"), ("open" | "held" | "refused" | "expired" | "revoked")):
            now = state
        case "paid", "revoked":
            given = Given(brought.currency, brought.units, brought.transaction_id, brought.redemption_id)
            await take_back_prize(tx, programme, referrer_id, given, _cause(brought), moment)
            now = "revoked"
        case "unpaid", ("refused" | "expired" | "revoked"):
            now = state
        case _:
            return
    kept = Given(brought.currency, brought.units, brought.transaction_id, brought.redemption_id)
    await _write(tx, brought, now, kept, reason, moment)


async def _write(
    tx: Transaction, brought: Brought, state: BroughtState, given: Given, reason: str | None, moment: Moment
) -> None:
    await tx.execute(
        """
        UPDATE referral_brought SET state = $3::text, reason = coalesce($4, reason), currency = $5, units = $6,
               transaction_id = $7, redemption_id = $8,
               ended_at = CASE WHEN $3 IN ('open', 'held') THEN NULL ELSE $9::timestamptz END
         WHERE member_id = $1 AND referral_id = $2
        """,
        brought.referrer_id, brought.id, state, reason, given.currency, given.units, given.transaction_id,
        given.redemption_id, moment.now,
    )  # fmt: skip
    await tx.touch(brought.referrer_id)


def _cause(brought: Brought) -> Cause:
    return Cause("referral", "referrer", f"{brought.id}:referrer")
