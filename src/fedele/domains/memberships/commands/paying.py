"""Moving the money: the provider is asked outside every transaction, with a key that makes it move once.

A payment is noted as asked for before it is asked, and what the provider said is written after. Who dies between the
two asks again with the same key, and the provider answers as it did.
"""

import dataclasses
from datetime import timedelta

import structlog

from fedele.db.database import Database, Transaction
from fedele.domains.memberships import queries
from fedele.domains.memberships.commands import records
from fedele.domains.memberships.commands.joining import started
from fedele.domains.memberships.commands.keeping import RETRY_AFTER, last_term, renewed
from fedele.domains.memberships.config import MembershipsConfig
from fedele.domains.memberships.events import MembershipEnded, PaymentFailed
from fedele.domains.memberships.lengths import end_of_term
from fedele.domains.memberships.ports import Charge, PaymentDeclined, PaymentProvider, PaymentUnknown, Receipt, Refund
from fedele.domains.memberships.types import MembershipRecord, Payment, PaymentId, Term
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import Money

log = structlog.get_logger(__name__)

ASK_AGAIN_AFTER = timedelta(minutes=10)
REFUND_GIVEN_UP_AFTER = timedelta(days=30)  # of an account that is closed the answer will never be another


async def pay(
    database: Database,
    programmes: ProgrammeSource,
    provider: PaymentProvider,
    member_id: MemberId,
    payment_id: PaymentId,
    moment: Moment,
) -> Payment | None:
    """Ask the provider for this payment, and take its answer. None: there is nothing (more) to ask.

    A refund that is declined is asked again each day, for a month: the money is owed. Then people have to see to it.
    Raises PaymentUnknown when the provider gave no answer; then the payment stays requested, and the clock asks again
    with the same key.
    """
    async with database.transaction() as tx:
        asked = await _asked(tx, member_id, payment_id, moment)
    if asked is None:
        return None
    receipt: Receipt | None = None
    problem: str | None = None
    try:
        receipt = await (provider.refund(asked) if isinstance(asked, Refund) else provider.charge(asked))
    except PaymentDeclined as declined:
        problem = declined.problem[:200]
    except Exception as error:
        raise PaymentUnknown(f"{type(error).__name__}: {error}") from error
    programme = await programmes.at(moment.now)
    async with database.transaction() as tx:
        await tx.lock_member(member_id)
        payment = await queries.find_payment(tx, member_id, payment_id)
        assert payment is not None, "payments are never deleted"
        if payment.state != "requested":  # another worker heard the same answer first
            return payment
        await _answered(tx, programme, member_id, payment, receipt, problem, moment)
        answered = await queries.find_payment(tx, member_id, payment_id)
    if answered is not None and answered.state == "given_up":
        log.error("membership_refund_given_up", payment=str(payment_id), member=str(member_id), problem=problem)
    return answered


async def _asked(tx: Transaction, member_id: MemberId, payment_id: PaymentId, moment: Moment) -> Charge | Refund | None:
    """Note that the provider is asked now, and say what for."""
    await tx.lock_member(member_id)
    row = await tx.fetch_row(
        """
        UPDATE membership_payment p SET attempts_count = attempts_count + 1, next_attempt_at = $3
          FROM membership_term t
         WHERE p.member_id = $1 AND p.payment_id = $2 AND p.state = 'requested'
           AND t.member_id = p.member_id AND t.term_id = p.term_id
        RETURNING p.kind, p.amount_minor, p.currency, t.membership_key, t.plan_key,
                  (SELECT c.reference FROM membership_payment c WHERE c.member_id = p.member_id
                      AND c.term_id = p.term_id AND c.kind = 'charge' AND c.state = 'succeeded') AS reference,
                  (SELECT m.method FROM membership_method m WHERE m.member_id = p.member_id
                      AND m.membership_key = t.membership_key) AS method
        """,
        member_id, payment_id, moment.now + ASK_AGAIN_AFTER,
    )  # fmt: skip
    if row is None:
        return None
    money = Money(row["amount_minor"], row["currency"])
    if row["kind"] == "refund":
        return Refund(str(payment_id), member_id, row["reference"], money)
    return Charge(str(payment_id), member_id, row["method"], money, f"{row['membership_key']}/{row['plan_key']}")


async def _answered(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    payment: Payment,
    receipt: Receipt | None,
    problem: str | None,
    moment: Moment,
) -> None:
    gives_up = payment.kind == "refund" and moment.now >= payment.requested_at + REFUND_GIVEN_UP_AFTER
    state = "succeeded" if receipt else "given_up" if gives_up else "declined"
    await tx.execute(
        """
        UPDATE membership_payment SET state = $3, finished_at = $4, next_attempt_at = NULL, reference = $5, problem = $6
         WHERE member_id = $1 AND payment_id = $2
        """,
        member_id, payment.id, state, moment.now, receipt.reference if receipt else None, problem,
    )  # fmt: skip
    if payment.kind == "refund":
        if state == "declined":
            money = Money(payment.amount_minor, payment.currency)
            await records.request_payment(
                tx, member_id, payment.term_id, "refund", money, moment, moment.now + RETRY_AFTER, payment.requested_at
            )
        return
    record = next(
        held
        for held in await queries.list_memberships(tx, member_id)
        if payment.term_id in {term.id for term in held.terms}
    )
    term = next(term for term in record.terms if term.id == payment.term_id)
    if receipt is None:
        await _declined(tx, programme, record, term, problem or "", moment)
    else:
        await _paid(tx, programme, record, term, moment)


async def _paid(tx: Transaction, programme: Programme, record: MembershipRecord, term: Term, moment: Moment) -> None:
    """Let the term run that was paid; or give the money back, where the member has left meanwhile."""
    membership = programme.section(MembershipsConfig).find(record.key)
    if record.cancelled_at is not None or membership is None:
        await tx.execute(
            "UPDATE membership_term SET refunded_minor = price_minor WHERE member_id = $1 AND term_id = $2",
            record.member_id, term.id,
        )  # fmt: skip
        await records.set_term(tx, record.member_id, term.id, "refunded", term.starts_at)
        money = Money(term.price_minor, term.currency)
        await records.request_payment(tx, record.member_id, term.id, "refund", money, moment)
        return
    first = record.state == "requested"
    if record.state == "lapsed":  # the answer came after the end: what was paid begins now, not in the gap
        term = await _begin_now(tx, programme, record, term, moment)
    await records.set_term(tx, record.member_id, term.id, "running", term.ends_at)
    term = dataclasses.replace(term, state="running", covered_until=term.ends_at)
    if first:
        await started(tx, programme, record.member_id, membership, term, moment)
    else:
        await renewed(tx, programme, record, membership, term, moment)


async def _begin_now(
    tx: Transaction, programme: Programme, record: MembershipRecord, term: Term, moment: Moment
) -> Term:
    membership = programme.section(MembershipsConfig).find(record.key)
    plan = membership.plan(term.plan) if membership else None
    zone = programme.section(ProgrammeConfig).time_zone
    ends_at = end_of_term(moment.now, plan.period, zone, moment.now) if plan and plan.period else term.ends_at
    await tx.execute(
        "UPDATE membership_term SET starts_at = $3, ends_at = $4 WHERE member_id = $1 AND term_id = $2",
        record.member_id, term.id, moment.now, ends_at,
    )  # fmt: skip
    return dataclasses.replace(term, starts_at=moment.now, ends_at=ends_at)


async def _declined(
    tx: Transaction, programme: Programme, record: MembershipRecord, term: Term, problem: str, moment: Moment
) -> None:
    """Ask again tomorrow while the member is still covered, under a new key; else the term has failed."""
    covered_until = last_term(record).covered_until if record.is_active(moment.now) else None
    again_at = moment.now + RETRY_AFTER
    if covered_until is not None and again_at < covered_until and record.cancelled_at is None:
        money = Money(term.price_minor, term.currency)
        await records.request_payment(tx, record.member_id, term.id, "charge", money, moment, again_at)
    else:
        await records.set_term(tx, record.member_id, term.id, "failed", term.starts_at)
    said = {"member_id": record.member_id, "membership": record.key, "plan": term.plan, "term_id": term.id}
    await tx.publish(
        PaymentFailed(occurred_at=moment.now, problem=problem, covered_until=covered_until, **said)  # type: ignore[arg-type]
    )
    if record.state == "requested":
        await tx.execute(
            "UPDATE membership SET state = 'lapsed' WHERE member_id = $1 AND membership_key = $2",
            record.member_id, record.key,
        )  # fmt: skip
        await tx.publish(MembershipEnded(occurred_at=moment.now, reason="declined", **said))  # type: ignore[arg-type]
