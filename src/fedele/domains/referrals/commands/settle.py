"""The friend's side from the first purchase on: when it counts as kept, what it brings, and what a refund undoes."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from fedele.db.database import Database, Transaction
from fedele.domains.activity.types import Purchase
from fedele.domains.prizes.commands import give_prize, take_back_prize
from fedele.domains.prizes.types import Cause, Given
from fedele.domains.programme.types import Programme
from fedele.domains.referrals import queries
from fedele.domains.referrals.commands.log import write_check
from fedele.domains.referrals.config import ReferralConfig
from fedele.domains.referrals.events import ReferralEnded, ReferralSettled
from fedele.domains.referrals.likeness import judge
from fedele.domains.referrals.settling import due_at, first_that_counts
from fedele.domains.referrals.types import Referral, ReferralState
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.jobs.alone import each_alone
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal

BATCH_COUNT = 200
APPROVED = "APPROVED"  # the reason of one that a person has approved: it is not suspected again
REFUNDED = "REFUNDED"
EXPIRED = "EXPIRED"
ProgrammeAt = Callable[[datetime], Awaitable[Programme]]


async def follow_purchases(tx: Transaction, programme: Programme, friend_id: MemberId, moment: Moment) -> None:
    """Look again which purchase of the friend counts, after one was made or came back. Again: nothing changes.

    `programme` is the version under which the code was applied. Pays at once what is due at once.
    """
    await tx.lock_member(friend_id)
    referral = await queries.find_referral(tx, friend_id)
    if referral is None:
        return
    if referral.state == "settled":
        await _undo_if_refunded(tx, programme, referral, moment)
    elif referral.state in ("applied", "held", "open"):
        purchase = await _note_purchase(tx, programme, referral)
        if referral.state == "open" and purchase is not None and due_at(purchase, programme) <= moment.now:
            await _settle(tx, programme, referral, purchase, moment)


async def pay_due(database: Database, programme_at: ProgrammeAt, moment: Moment) -> int:
    """Settle every referral whose purchase counts as kept by now, and end those whose time is over; how many.

    A transaction a friend; restartable: what is settled or over is no longer due.
    """

    async def tend(friend_id: MemberId) -> None:
        referral = await queries.find_referral(database.reader, friend_id)
        if referral is not None:
            programme = await programme_at(referral.applied_at)
            async with database.transaction() as tx:
                await _tend(tx, programme, friend_id, moment)

    seen: set[MemberId] = set()
    while friends := set(await queries.due_friends(database.reader, moment.now, BATCH_COUNT)) - seen:
        await each_alone("referrals.pay_due", sorted(friends), tend)
        seen |= friends
    return len(seen)


async def _tend(tx: Transaction, programme: Programme, friend_id: MemberId, moment: Moment) -> None:
    await follow_purchases(tx, programme, friend_id, moment)
    referral = await queries.find_referral(tx, friend_id)
    if referral is None or referral.state not in ("open", "held") or referral.due_at is not None:
        return
    if referral.expires_at is not None and referral.expires_at <= moment.now:
        await end(tx, referral, "expired", EXPIRED, moment)


async def end(tx: Transaction, referral: Referral, state: ReferralState, reason: str | None, moment: Moment) -> None:
    """Give the friend's side another state and tell the referrer's. The caller holds the friend's lock."""
    await tx.execute(
        """
        UPDATE referral SET state = $3::text, reason = $4,
               ended_at = CASE WHEN $3 IN ('refused', 'revoked', 'expired') THEN $5::timestamptz END
         WHERE member_id = $1 AND referral_id = $2
        """,
        referral.friend_id, referral.id, state, reason, moment.now,
    )  # fmt: skip
    await tx.publish(
        ReferralEnded(
            member_id=referral.friend_id, occurred_at=moment.now, referral_id=referral.id,
            referrer_id=referral.referrer_id, state=state, reason=reason,
        )
    )  # fmt: skip


async def _note_purchase(tx: Transaction, programme: Programme, referral: Referral) -> Purchase | None:
    """The purchase that counts, as things stand, written down with the time at which it counts as kept."""
    bought = await queries.purchases_since(tx, referral.friend_id, referral.applied_at, referral.expires_at)
    purchase = first_that_counts(bought, programme)
    due = due_at(purchase, programme) if purchase else None
    if (purchase.id if purchase else None, due) != (referral.purchase_id, referral.due_at):
        await tx.execute(
            "UPDATE referral SET purchase_id = $3, due_at = $4 WHERE member_id = $1 AND referral_id = $2",
            referral.friend_id, referral.id, purchase.id if purchase else None, due,
        )  # fmt: skip
    return purchase


async def _settle(
    tx: Transaction, programme: Programme, referral: Referral, purchase: Purchase, moment: Moment
) -> None:
    friend = await find_facts(tx, programme, referral.friend_id, moment.now)
    if friend is None or not friend.active:
        await end(tx, referral, "expired", EXPIRED, moment)
        return
    if referral.reason != APPROVED:
        refused, held = await _suspicion(tx, programme, referral, purchase)
        if refused is not None or held is not None:
            suspected, state = (refused, "refused") if refused else (held, "held")
            assert suspected is not None, "one of the two is set"
            await write_check(
                tx, referral.friend_id, referral.id, "refused" if state == "refused" else "held", suspected.code, moment
            )
            await end(tx, referral, "refused" if state == "refused" else "held", suspected.code, moment)
            return
    given = await _give_friend(tx, programme, referral, moment)
    await tx.execute(
        """
        UPDATE referral SET state = 'settled', settled_at = $3, currency = $4, units = $5, transaction_id = $6,
               redemption_id = $7
         WHERE member_id = $1 AND referral_id = $2
        """,
        referral.friend_id, referral.id, moment.now, given.currency, given.units, given.transaction_id,
        given.redemption_id,
    )  # fmt: skip
    await tx.publish(
        ReferralSettled(
            member_id=referral.friend_id, occurred_at=moment.now, referral_id=referral.id,
            referrer_id=referral.referrer_id, applied_at=referral.applied_at, currency=given.currency,
            units=given.units,
        )
    )  # fmt: skip


async def _give_friend(tx: Transaction, programme: Programme, referral: Referral, moment: Moment) -> Given:
    prize = programme.section(ReferralConfig).friend
    if prize is None:
        return Given()
    status = await status_of(tx, programme, referral.friend_id, moment)
    tier = status.current if status else None
    return await give_prize(tx, programme, referral.friend_id, prize, _cause(referral), tier, moment)


async def _suspicion(
    tx: Transaction, programme: Programme, referral: Referral, purchase: Purchase
) -> tuple[type[Refusal] | None, type[Refusal] | None]:
    """Asked again before anything is paid: the card is known only now, and phones may have changed hands since."""
    checks = programme.section(ReferralConfig).fraud
    shared = await queries.shared_marks(tx, referral.friend_id, referral.referrer_id)
    if await queries.shares_card(tx, referral.friend_id, referral.referrer_id, checks.card_attribute, purchase):
        shared.add("card")
    return judge(shared, checks)


async def _undo_if_refunded(tx: Transaction, programme: Programme, referral: Referral, moment: Moment) -> None:
    if programme.section(ReferralConfig).on_refund == "keep":
        return
    bought = await queries.purchases_since(tx, referral.friend_id, referral.applied_at, referral.expires_at)
    own = [purchase for purchase in bought if purchase.id == referral.purchase_id]
    if first_that_counts(own, programme) is not None or not own:
        return
    given = Given(referral.currency, referral.units, referral.transaction_id, referral.redemption_id)
    await take_back_prize(tx, programme, referral.friend_id, given, _cause(referral), moment)
    await end(tx, referral, "revoked", REFUNDED, moment)


def _cause(referral: Referral) -> Cause:
    return Cause("referral", "friend", f"{referral.id}:friend")
