"""Leaving: what is given back, and when benefits end."""

import dataclasses

from fedele.db.database import Transaction
from fedele.db.idempotency import claim
from fedele.domains.memberships import errors, queries
from fedele.domains.memberships.commands import records
from fedele.domains.memberships.config import MembershipsConfig
from fedele.domains.memberships.events import MembershipCancelled, MembershipEnded
from fedele.domains.memberships.refunds import refund_of
from fedele.domains.memberships.types import MembershipRecord, Term, TermId
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import commands as tiers
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money
from fedele.kernel.refusal import InvalidInput, NotFound


@dataclasses.dataclass(frozen=True, slots=True)
class Cancelled:
    """A cancelled membership, and the minor units that go back to the member."""

    membership: MembershipRecord
    refund: Money


async def cancel(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    membership_key: str,
    key: str,
    moment: Moment,
    *,
    wants_refund: bool = True,
) -> Cancelled:
    """Cancel: no further term is charged. Repeating the call with the same key returns the first.

    With a refund, where the programme gives one, the money goes back and benefits end now. Without, the membership goes
    on to the end of what is paid. A next term that was charged ahead goes back in any case. Raises MembershipNotHeld,
    KeyReused.
    """
    body = {"membership": membership_key, "refund": wants_refund}
    claimed = await claim(tx, f"cancel_membership:{member_id}", key, body, member_id)
    if claimed.response is not None:
        refund = Money(claimed.response["refund_minor"], claimed.response["currency"])
        return Cancelled(await records.held(tx, member_id, membership_key), refund)
    await tx.lock_member(member_id)
    record = await records.held(tx, member_id, membership_key)
    if not record.is_active(moment.now) and record.state != "requested":
        raise errors.MembershipNotHeld(membership=membership_key, field="membership")
    await tx.execute(
        """
        UPDATE membership SET cancelled_at = coalesce(cancelled_at, $3), auto_renew = false, renew_at = NULL,
               next_plan_key = NULL
         WHERE member_id = $1 AND membership_key = $2
        """,
        member_id, membership_key, moment.now,
    )  # fmt: skip
    await _stop_charges(tx, record, moment)
    refund_minor = await _refund_ahead(tx, record, moment)
    current = record.term_at(moment.now)
    if current is not None:
        refund_minor += await _leave_term(tx, programme, record, current, moment, wants_refund=wants_refund)
    elif record.state == "requested":
        await tx.execute(
            "UPDATE membership SET state = 'cancelled' WHERE member_id = $1 AND membership_key = $2",
            member_id, membership_key,
        )  # fmt: skip
    term = current or record.terms[0]
    await tx.publish(
        MembershipCancelled(
            member_id=member_id, occurred_at=moment.now, membership=membership_key, plan=record.plan, term_id=term.id,
            refund_minor=refund_minor,
        )
    )  # fmt: skip
    await claimed.answer(tx, {"refund_minor": refund_minor, "currency": term.currency})
    return Cancelled(await records.held(tx, member_id, membership_key), Money(refund_minor, term.currency))


async def refund_term(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    term_id: TermId,
    amount_minor: int,
    key: str,
    moment: Moment,
    *,
    ends_now: bool = False,
) -> MembershipRecord:
    """Give back a part of a paid term by hand, whatever the programme says; with `ends_now` benefits end, too.

    Repeating the call with the same key returns the first. Raises NotFound, RefundExceedsPayment, InvalidInput.
    """
    body = {"member": str(member_id), "term": str(term_id), "amount": amount_minor, "ends": ends_now}
    claimed = await claim(tx, "refund_membership_term", key, body, member_id)
    await tx.lock_member(member_id)
    record = next(
        (held for held in await queries.list_memberships(tx, member_id) if term_id in {t.id for t in held.terms}), None
    )
    if record is None:
        raise NotFound(what="term", field="termId")
    if claimed.response is not None:
        return record
    term = next(term for term in record.terms if term.id == term_id)
    if amount_minor <= 0:
        raise InvalidInput(problem="The amount must be above zero.", field="amount")
    if term.state not in ("running", "refunded") or amount_minor > term.price_minor - term.refunded_minor:
        left = term.price_minor - term.refunded_minor if term.state in ("running", "refunded") else 0
        raise errors.RefundExceedsPayment(left=str(Money(left, term.currency)), field="amount")
    await _give_back(tx, member_id, term, amount_minor, moment)
    if ends_now and term.covers(moment.now):
        await tx.execute(
            """
            UPDATE membership SET cancelled_at = coalesce(cancelled_at, $3), auto_renew = false, renew_at = NULL
             WHERE member_id = $1 AND membership_key = $2
            """,
            member_id, record.key, moment.now,
        )  # fmt: skip
        await _end_now(tx, programme, record, term, moment)
    await tx.touch(member_id)
    await claimed.answer(tx, {"term_id": str(term_id)})
    return await records.held(tx, member_id, record.key)


async def _leave_term(
    tx: Transaction, programme: Programme, record: MembershipRecord, term: Term, moment: Moment, *, wants_refund: bool
) -> int:
    """What goes back of the present term; where something does, it ends now, else as paid and without grace."""
    membership = programme.section(MembershipsConfig).find(record.key)
    zone = records.brand_of(programme).time_zone
    refund = refund_of(membership, term, moment.now, zone) if membership and wants_refund else 0
    if refund:
        await _give_back(tx, record.member_id, term, refund, moment)
        await _end_now(tx, programme, record, term, moment)
        return refund
    # In its grace a term is over already: nobody pays for the next one.
    ends_at = max(term.ends_at, moment.now) if term.ends_at else None
    await records.set_term(tx, record.member_id, term.id, "running", ends_at)
    await records.set_covered(tx, record.member_id, record.key, ends_at, None)
    await records.lay_tier(tx, programme, record, moment)
    return 0


async def _end_now(tx: Transaction, programme: Programme, record: MembershipRecord, term: Term, moment: Moment) -> None:
    await records.set_term(tx, record.member_id, term.id, "refunded", moment.now)
    await tx.execute(
        """
        UPDATE membership SET state = 'cancelled', covered_until = $3 WHERE member_id = $1 AND membership_key = $2
        """,
        record.member_id, record.key, moment.now,
    )  # fmt: skip
    await records.lay_tier(tx, programme, record, moment)
    await tiers.review_members(tx, programme, [record.member_id], moment.now, moment)
    await tx.publish(
        MembershipEnded(
            member_id=record.member_id, occurred_at=moment.now, membership=record.key, plan=record.plan,
            term_id=term.id, reason="refunded",
        )
    )  # fmt: skip


async def _refund_ahead(tx: Transaction, record: MembershipRecord, moment: Moment) -> int:
    """Give back what was paid for terms that have not begun."""
    total = 0
    for term in record.terms:
        if term.state == "running" and term.starts_at > moment.now:
            left = term.price_minor - term.refunded_minor
            if left:
                await _give_back(tx, record.member_id, term, left, moment)
            await records.set_term(tx, record.member_id, term.id, "refunded", term.starts_at)
            total += left
    return total


async def _stop_charges(tx: Transaction, record: MembershipRecord, moment: Moment) -> None:
    """Drop charges that the provider was never asked for. One that is under way is given back when it succeeds."""
    dropped = await tx.fetch(
        """
        UPDATE membership_payment p
           SET state = 'declined', problem = 'cancelled', next_attempt_at = NULL, finished_at = $3
          FROM membership_term t
         WHERE p.member_id = $1 AND t.member_id = p.member_id AND t.term_id = p.term_id AND t.membership_key = $2
           AND p.kind = 'charge' AND p.state = 'requested' AND p.attempts_count = 0
        RETURNING p.term_id
        """,
        record.member_id, record.key, moment.now,
    )  # fmt: skip
    for row in dropped:
        term = next(term for term in record.terms if term.id == row["term_id"])
        await records.set_term(tx, record.member_id, term.id, "failed", term.starts_at)


async def _give_back(tx: Transaction, member_id: MemberId, term: Term, amount_minor: int, moment: Moment) -> None:
    await tx.execute(
        """
        UPDATE membership_term SET refunded_minor = refunded_minor + $3 WHERE member_id = $1 AND term_id = $2
        """,
        member_id, term.id, amount_minor,
    )  # fmt: skip
    await records.request_payment(tx, member_id, term.id, "refund", Money(amount_minor, term.currency), moment)
