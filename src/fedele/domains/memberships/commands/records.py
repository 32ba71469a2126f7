"""What joining, paying, renewing and leaving write alike."""

import dataclasses
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from fedele.db.database import Transaction
from fedele.domains.memberships import errors, queries
from fedele.domains.memberships.config import Membership, MembershipsConfig, Plan
from fedele.domains.memberships.events import PaymentRequested
from fedele.domains.memberships.lengths import end_of_term
from fedele.domains.memberships.types import MembershipRecord, PaymentId, PaymentKind, Term, TermId, TermKind, TermState
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.tiers import commands as tiers
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.types import Grant, GrantId
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import Money


def offered(programme: Programme, membership_key: str, plan_key: str) -> tuple[Membership, Plan]:
    """The membership and plan of these keys. Raises MembershipUnknown."""
    membership = programme.section(MembershipsConfig).find(membership_key)
    plan = membership.plan(plan_key) if membership else None
    if membership is None or plan is None:
        raise errors.MembershipUnknown(membership=membership_key, plan=plan_key, field="plan")
    return membership, plan


def brand_of(programme: Programme) -> ProgrammeConfig:
    """The section that knows the clock and the money."""
    return programme.section(ProgrammeConfig)


def price_of(programme: Programme, plan: Plan) -> Money:
    """What a term of the plan costs."""
    return Money.parse(plan.price, brand_of(programme).home_currency)


async def held(tx: Transaction, member_id: MemberId, key: str) -> MembershipRecord:
    """The member's membership as it stands. Raises MembershipNotHeld."""
    record = await queries.find_membership(tx, member_id, key)
    if record is None:
        raise errors.MembershipNotHeld(membership=key, field="membership")
    return record


def paid_term(
    programme: Programme, membership: Membership, plan: Plan, starts_at: datetime, anchor: datetime | None = None
) -> Term:
    """A term of this plan, still to be paid."""
    brand, price = brand_of(programme), price_of(programme, plan)
    ends_at = end_of_term(starts_at, plan.period, brand.time_zone, anchor or starts_at) if plan.period else None
    kind: TermKind = "lifetime" if plan.lifetime else "paid"
    return Term(
        TermId(new_id()), membership.key, plan.key, kind, "requested", starts_at, ends_at, ends_at, price.minor,
        price.currency,
    )  # fmt: skip


async def write_term(tx: Transaction, programme: Programme, member_id: MemberId, term: Term, state: TermState) -> Term:
    """Write a new term down in this state."""
    await tx.execute(
        """
        INSERT INTO membership_term (member_id, term_id, membership_key, plan_key, kind, state, starts_at, ends_at,
                                     covered_until, price_minor, currency, programme_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        member_id, term.id, term.membership, term.plan, term.kind, state, term.starts_at, term.ends_at,
        term.covered_until, term.price_minor, term.currency, programme.version,
    )  # fmt: skip
    return dataclasses.replace(term, state=state)


async def set_term(
    tx: Transaction, member_id: MemberId, term_id: TermId, state: TermState, covered_until: datetime | None
) -> None:
    """Let a term be in this state, with benefits until then."""
    await tx.execute(
        "UPDATE membership_term SET state = $3, covered_until = $4 WHERE member_id = $1 AND term_id = $2",
        member_id, term_id, state, covered_until,
    )  # fmt: skip


async def request_payment(
    tx: Transaction,
    member_id: MemberId,
    term_id: TermId,
    kind: PaymentKind,
    money: Money,
    moment: Moment,
    attempt_at: datetime | None = None,
    requested_at: datetime | None = None,
) -> PaymentId:
    """Ask for money to be moved: at once, through the outbox, or at a later time, by the clock.

    Each request is one key to the provider: what was declined is asked again under another one.
    `requested_at`: since when it is owed, where that is not now.
    """
    payment_id = PaymentId(new_id())
    await tx.execute(
        """
        INSERT INTO membership_payment (member_id, payment_id, term_id, kind, state, amount_minor, currency,
                                        requested_at, next_attempt_at)
        VALUES ($1, $2, $3, $4, 'requested', $5, $6, $7, $8)
        """,
        member_id, payment_id, term_id, kind, money.minor, money.currency,
        requested_at or moment.now, attempt_at or moment.now,
    )  # fmt: skip
    if attempt_at is None:
        await tx.publish(PaymentRequested(member_id=member_id, occurred_at=moment.now, payment_id=payment_id))
    return payment_id


async def set_covered(
    tx: Transaction, member_id: MemberId, key: str, covered_until: datetime | None, renew_at: datetime | None
) -> None:
    """What the clock must do with this membership: end it, charge the next term."""
    await tx.execute(
        """
        UPDATE membership SET state = 'active', covered_until = $3, renew_at = $4
         WHERE member_id = $1 AND membership_key = $2
        """,
        member_id, key, covered_until, renew_at,
    )  # fmt: skip


async def lay_tier(tx: Transaction, programme: Programme, record: MembershipRecord, moment: Moment) -> None:
    """Give the member the tier that the membership brings, for as long as it is covered; or let it go now."""
    membership = programme.section(MembershipsConfig).find(record.key)
    levels = [level.key for level in programme.section(TiersConfig).levels]
    if membership is None or membership.grants_tier is None or membership.grants_tier not in levels[1:]:
        return
    fresh = await held(tx, record.member_id, record.key)
    ends = [
        term.covered_until
        for term in fresh.terms
        if term.state in ("running", "refunded") and term.starts_at >= fresh.joined_at
    ]
    until = None if None in ends else max((end for end in ends if end is not None), default=moment.now)
    name = f"fedele:membership:{record.member_id}:{record.key}:{fresh.joined_at.isoformat()}"
    grant = Grant(GrantId(uuid5(NAMESPACE_URL, name)), membership.grants_tier, fresh.joined_at, until)
    if until is not None and until <= fresh.joined_at:
        return  # never began: nothing was granted
    await tiers.lay_grant(tx, programme, record.member_id, grant, "membership", record.key, "membership", moment)
