"""Becoming a paying member: with a trial, by a charge, or at the till."""

import dataclasses

from fedele.db.database import Transaction
from fedele.db.idempotency import claim
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.members.queries import find_member
from fedele.domains.members.types import MemberStatus
from fedele.domains.memberships import errors, queries
from fedele.domains.memberships.commands import records
from fedele.domains.memberships.config import Membership, Plan
from fedele.domains.memberships.events import MembershipStarted
from fedele.domains.memberships.lengths import after, before
from fedele.domains.memberships.types import MembershipRecord, MembershipState, Term, TermId
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import Money

METHOD_LENGTH_MAX = 500


@dataclasses.dataclass(frozen=True, slots=True)
class JoinAsked:
    """Which membership, by which plan, paid how: `method` is the provider's word for a card on file, never a number."""

    membership: str
    plan: str
    method: str | None = None


async def join(
    tx: Transaction, programme: Programme, member_id: MemberId, asked: JoinAsked, key: str, moment: Moment
) -> MembershipRecord:
    """Begin a membership: its trial at once where the member has one left, else as soon as the charge is paid.

    Who has cancelled and is still covered simply goes on. Repeating the call with the same key returns the first.
    Raises MembershipUnknown, MembershipHeldAlready, MemberNotFound, KeyReused.
    """
    body = {"membership": asked.membership, "plan": asked.plan}
    claimed = await claim(tx, f"join_membership:{member_id}", key, body, member_id)
    if claimed.response is not None:
        return await records.held(tx, member_id, asked.membership)
    membership, plan = records.offered(programme, asked.membership, asked.plan)
    earlier = await _ready(tx, member_id, membership, moment)
    if asked.method is not None:
        await _keep_method(tx, member_id, membership.key, asked.method)
    if earlier is not None and earlier.is_active(moment.now):
        await _resume(tx, programme, membership, plan, earlier)
    else:
        await _begin(tx, programme, member_id, membership, plan, earlier, moment)
    await claimed.answer(tx, {"membership": membership.key})
    return await records.held(tx, member_id, membership.key)


async def sell(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    asked: JoinAsked,
    reference: str,
    key: str,
    moment: Moment,
) -> MembershipRecord:
    """Begin a membership that was paid at the till. `reference`: the receipt, or whatever names the payment there.

    Without a trial. Repeating the call with the same key returns the first. Raises as `join`.
    """
    body = {"member": str(member_id), "membership": asked.membership, "plan": asked.plan, "reference": reference}
    claimed = await claim(tx, "sell_membership", key, body, member_id)
    if claimed.response is not None:
        return await records.held(tx, member_id, asked.membership)
    membership, plan = records.offered(programme, asked.membership, asked.plan)
    earlier = await _ready(tx, member_id, membership, moment)
    if earlier is not None and earlier.is_active(moment.now):
        raise errors.MembershipHeldAlready(membership=membership.key, field="membership")
    term = records.paid_term(programme, membership, plan, moment.now)
    await _write(tx, member_id, membership, plan, earlier, "active", moment)
    await records.write_term(tx, programme, member_id, term, "running")
    if term.price_minor:
        await tx.execute(
            """
            INSERT INTO membership_payment (member_id, payment_id, term_id, kind, state, amount_minor, currency,
                                            attempts_count, requested_at, finished_at, reference)
            VALUES ($1, $2, $3, 'charge', 'succeeded', $4, $5, 1, $6, $6, $7)
            """,
            member_id, new_id(), term.id, term.price_minor, term.currency, moment.now, reference,
        )  # fmt: skip
    await started(tx, programme, member_id, membership, term, moment)
    await claimed.answer(tx, {"membership": membership.key})
    return await records.held(tx, member_id, membership.key)


async def started(
    tx: Transaction, programme: Programme, member_id: MemberId, membership: Membership, term: Term, moment: Moment
) -> None:
    """Let the first term count: benefits on, the renewal on the clock, the tier laid, and say so."""
    record = await records.held(tx, member_id, membership.key)
    zone = records.brand_of(programme).time_zone
    renew_at = before(term.ends_at, membership.renew_ahead, zone) if record.auto_renew and term.ends_at else None
    await records.set_covered(tx, member_id, membership.key, term.covered_until, renew_at)
    await records.lay_tier(tx, programme, record, moment)
    await tx.publish(
        MembershipStarted(
            member_id=member_id, occurred_at=moment.now, membership=membership.key, plan=term.plan, term_id=term.id,
            trial=term.kind == "trial", covered_until=term.covered_until,
        )
    )  # fmt: skip


async def _ready(
    tx: Transaction, member_id: MemberId, membership: Membership, moment: Moment
) -> MembershipRecord | None:
    """Take the member's lock, and answer an earlier membership of theirs. Raises if they cannot join."""
    await tx.lock_member(member_id)
    member = await find_member(tx, member_id)
    if member is None or member.status is not MemberStatus.ACTIVE:
        raise MemberNotFound()
    earlier = await queries.find_membership(tx, member_id, membership.key)
    going_on = earlier is not None and earlier.is_active(moment.now) and earlier.cancelled_at is None
    if going_on or (earlier is not None and earlier.state == "requested"):
        raise errors.MembershipHeldAlready(membership=membership.key, field="membership")
    return earlier


async def _begin(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    membership: Membership,
    plan: Plan,
    earlier: MembershipRecord | None,
    moment: Moment,
) -> None:
    zone, trial = records.brand_of(programme).time_zone, membership.trial
    if trial is not None and not plan.lifetime and not await _trial_used(tx, member_id, membership.key):
        ends_at = after(moment.now, trial, zone)
        currency = records.brand_of(programme).home_currency
        term = Term(
            TermId(new_id()), membership.key, plan.key, "trial", "running", moment.now, ends_at, ends_at, 0, currency
        )
        await _write(tx, member_id, membership, plan, earlier, "active", moment, trial=True)
        await records.write_term(tx, programme, member_id, term, "running")
        await started(tx, programme, member_id, membership, term, moment)
        return
    term = records.paid_term(programme, membership, plan, moment.now)
    if term.price_minor == 0:
        await _write(tx, member_id, membership, plan, earlier, "active", moment)
        await records.write_term(tx, programme, member_id, term, "running")
        await started(tx, programme, member_id, membership, term, moment)
        return
    await _write(tx, member_id, membership, plan, earlier, "requested", moment)
    await records.write_term(tx, programme, member_id, term, "requested")
    await records.request_payment(tx, member_id, term.id, "charge", Money(term.price_minor, term.currency), moment)


async def _resume(
    tx: Transaction, programme: Programme, membership: Membership, plan: Plan, earlier: MembershipRecord
) -> None:
    """Take a cancellation back before the term has ended: nothing is charged now, and the renewal is on again."""
    last = next(term for term in earlier.terms if term.state == "running")
    zone = records.brand_of(programme).time_zone
    renews = membership.auto_renew and last.ends_at is not None
    await tx.execute(
        """
        UPDATE membership SET cancelled_at = NULL, auto_renew = $3, renew_at = $4, next_plan_key = $5
         WHERE member_id = $1 AND membership_key = $2
        """,
        earlier.member_id, membership.key, renews,
        before(last.ends_at, membership.renew_ahead, zone) if renews and last.ends_at else None,
        plan.key if plan.key != earlier.plan else None,
    )  # fmt: skip
    await tx.touch(earlier.member_id)


async def _write(
    tx: Transaction,
    member_id: MemberId,
    membership: Membership,
    plan: Plan,
    earlier: MembershipRecord | None,
    state: MembershipState,
    moment: Moment,
    *,
    trial: bool = False,
) -> None:
    await tx.execute(
        """
        INSERT INTO membership (member_id, membership_key, plan_key, state, auto_renew, joined_at, trial_used)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (member_id, membership_key) DO UPDATE
           SET plan_key = excluded.plan_key, next_plan_key = NULL, state = excluded.state,
               auto_renew = excluded.auto_renew, joined_at = excluded.joined_at, cancelled_at = NULL,
               renew_at = NULL, covered_until = NULL, trial_used = membership.trial_used OR excluded.trial_used
        """,
        member_id, membership.key, plan.key, state, membership.auto_renew and not plan.lifetime, moment.now, trial,
    )  # fmt: skip


async def _trial_used(tx: Transaction, member_id: MemberId, key: str) -> bool:
    used: bool | None = await tx.fetch_value(
        "SELECT trial_used FROM membership WHERE member_id = $1 AND membership_key = $2", member_id, key
    )
    return bool(used)


async def _keep_method(tx: Transaction, member_id: MemberId, key: str, method: str) -> None:
    await tx.execute(
        """
        INSERT INTO membership_method (member_id, membership_key, method) VALUES ($1, $2, $3)
        ON CONFLICT (member_id, membership_key) DO UPDATE SET method = excluded.method
        """,
        member_id, key, method[:METHOD_LENGTH_MAX],
    )  # fmt: skip
