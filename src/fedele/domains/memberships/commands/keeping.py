"""What happens to a membership while it lasts: renewed, used, changed, ended by the clock, forgotten."""

from datetime import datetime, timedelta

from fedele.db.database import Transaction
from fedele.domains.memberships import errors, queries
from fedele.domains.memberships.commands import records
from fedele.domains.memberships.config import Membership, MembershipsConfig
from fedele.domains.memberships.events import MembershipEnded, MembershipRenewed
from fedele.domains.memberships.lengths import after, before
from fedele.domains.memberships.types import MembershipRecord, Term
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import commands as tiers
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money

RETRY_AFTER = timedelta(days=1)


async def renew(tx: Transaction, programme: Programme, member_id: MemberId, key: str, moment: Moment) -> bool:
    """Ask for the next term's money, if the renewal is due. False: there is nothing to do. Once for each term.

    A membership or plan that the programme has given up is not renewed: it ends with its term.
    """
    await tx.lock_member(member_id)
    due = await tx.fetch_value(
        """
        SELECT true FROM membership WHERE member_id = $1 AND membership_key = $2 AND renew_at <= $3
           AND state = 'active' AND auto_renew
        """,
        member_id, key, moment.now,
    )  # fmt: skip
    if not due:
        return False
    record = await records.held(tx, member_id, key)
    last = last_term(record)
    membership = programme.section(MembershipsConfig).find(key)
    plan = membership.plan(record.next_plan or record.plan) if membership else None
    late = last.ends_at is None or last.covered_until is None or moment.now >= last.covered_until
    if membership is None or plan is None or late:
        await records.set_covered(tx, member_id, key, last.covered_until, None)
        return False
    assert last.ends_at is not None, "a term without an end is never renewed"
    term = records.paid_term(programme, membership, plan, last.ends_at, _anchor(record, last))
    if term.price_minor == 0:
        await records.write_term(tx, programme, member_id, term, "running")
        await renewed(tx, programme, record, membership, term, moment)
        return True
    covered_until = after(last.ends_at, membership.grace, records.brand_of(programme).time_zone)
    await records.write_term(tx, programme, member_id, term, "requested")
    await records.set_term(tx, member_id, last.id, "running", covered_until)
    await records.set_covered(tx, member_id, key, covered_until, None)
    await records.lay_tier(tx, programme, record, moment)
    await records.request_payment(tx, member_id, term.id, "charge", Money(term.price_minor, term.currency), moment)
    return True


async def renewed(
    tx: Transaction, programme: Programme, record: MembershipRecord, membership: Membership, term: Term, moment: Moment
) -> None:
    """Let the next term count: the one before ends where it begins, the next renewal is on the clock."""
    zone = records.brand_of(programme).time_zone
    for before_it in record.terms:
        if before_it.state == "running" and before_it.ends_at is not None and before_it.ends_at <= term.starts_at:
            await records.set_term(tx, record.member_id, before_it.id, "running", before_it.ends_at)
    renew_at = before(term.ends_at, membership.renew_ahead, zone) if record.auto_renew and term.ends_at else None
    await tx.execute(
        "UPDATE membership SET plan_key = $3, next_plan_key = NULL WHERE member_id = $1 AND membership_key = $2",
        record.member_id, record.key, term.plan,
    )  # fmt: skip
    await records.set_covered(tx, record.member_id, record.key, term.covered_until, renew_at)
    await records.lay_tier(tx, programme, record, moment)
    await tx.publish(
        MembershipRenewed(
            member_id=record.member_id, occurred_at=moment.now, membership=record.key, plan=term.plan,
            term_id=term.id, covered_until=term.covered_until,
        )
    )  # fmt: skip


async def end_due(tx: Transaction, programme: Programme, member_id: MemberId, key: str, moment: Moment) -> bool:
    """End a membership whose cover has ended. False: there is nothing to do.

    Benefits ended by themselves at that instant; this says so, and writes down the tier that is left.
    """
    await tx.lock_member(member_id)
    row = await tx.fetch_row(
        """
        UPDATE membership SET state = CASE WHEN cancelled_at IS NULL THEN 'lapsed' ELSE 'cancelled' END,
               renew_at = NULL
         WHERE member_id = $1 AND membership_key = $2 AND state = 'active' AND covered_until <= $3
        RETURNING cancelled_at, covered_until
        """,
        member_id, key, moment.now,
    )  # fmt: skip
    if row is None:
        return False
    record = await records.held(tx, member_id, key)
    last = last_term(record)
    await tiers.review_members(tx, programme, [member_id], moment.now, moment)
    await tx.publish(
        MembershipEnded(
            member_id=member_id, occurred_at=row["covered_until"], membership=key, plan=record.plan, term_id=last.id,
            reason="lapsed" if row["cancelled_at"] is None else "cancelled",
        )
    )  # fmt: skip
    return True


async def change_plan(
    tx: Transaction, programme: Programme, member_id: MemberId, key: str, plan_key: str, moment: Moment
) -> MembershipRecord:
    """Let the next term be of another plan; the present one goes on as it was paid. Repeating changes nothing.

    Raises MembershipUnknown, MembershipNotHeld.
    """
    records.offered(programme, key, plan_key)
    await tx.lock_member(member_id)
    record = await records.held(tx, member_id, key)
    if not record.is_active(moment.now) or record.cancelled_at is not None:
        raise errors.MembershipNotHeld(membership=key, field="membership")
    await tx.execute(
        "UPDATE membership SET next_plan_key = $3 WHERE member_id = $1 AND membership_key = $2",
        member_id, key, plan_key if plan_key != record.plan else None,
    )  # fmt: skip
    await tx.touch(member_id)
    return await records.held(tx, member_id, key)


async def use_benefit(tx: Transaction, member_id: MemberId, key: str, at: datetime) -> MembershipRecord:
    """Note that a benefit was used in the term of that instant: the first time counts. Raises MembershipNotHeld."""
    await tx.lock_member(member_id)
    record = await records.held(tx, member_id, key)
    term = record.term_at(at)
    if term is None:
        raise errors.MembershipNotHeld(membership=key, field="membership")
    await tx.execute(
        """
        UPDATE membership_term SET used_at = $3 WHERE member_id = $1 AND term_id = $2 AND used_at IS NULL
        """,
        member_id, term.id, at,
    )  # fmt: skip
    return await records.held(tx, member_id, key)


async def forget_member(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> None:
    """Delete an erased member's card on file, and renew nothing of theirs. Terms and payments stay: the books."""
    await tx.lock_member(member_id)
    await tx.execute("DELETE FROM membership_method WHERE member_id = $1", member_id)
    await tx.execute(
        """
        UPDATE membership SET auto_renew = false, renew_at = NULL, cancelled_at = coalesce(cancelled_at, $2)
         WHERE member_id = $1
        """,
        member_id, moment.now,
    )  # fmt: skip
    for record in await queries.list_memberships(tx, member_id):
        await records.lay_tier(tx, programme, record, moment)


def last_term(record: MembershipRecord) -> Term:
    """The newest term that is or was running, or the newest one if none ever was."""
    return next((term for term in record.terms if term.state == "running"), record.terms[0])


def _anchor(record: MembershipRecord, last: Term) -> datetime | None:
    """Where the first paid term of this stretch began: its day of the month is that of every renewal."""
    paid = [term.starts_at for term in record.terms if term.kind == "paid" and term.starts_at >= record.joined_at]
    return min(paid, default=last.ends_at)
