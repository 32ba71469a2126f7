"""Paid memberships in the staff schema: what a member paid, selling at the till, use, and refunds by hand."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.memberships import Membership
from fedele.api.permissions import check, mutation_field
from fedele.api.scalars import Money
from fedele.domains.auth.types import Scope
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.memberships import commands, errors, queries
from fedele.domains.memberships import types as records
from fedele.domains.memberships.types import TermId
from fedele.kernel import money
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import InvalidInput, NotFound

TERM = "term"


@strawberry.type
class MembershipTerm:
    """A stretch of a membership: free, or paid for."""

    id: strawberry.ID = strawberry.field(description="Give it in refundMembershipTerm.")
    membership: str = strawberry.field(description="The key of the membership.")
    plan: str
    kind: str = strawberry.field(description="trial, paid or lifetime.")
    state: str = strawberry.field(description="requested, running, failed or refunded.")
    starts_at: datetime
    ends_at: datetime | None
    covered_until: datetime | None = strawberry.field(description="When its benefits end; null: never.")
    price: Money
    refunded: Money
    used_at: datetime | None = strawberry.field(description="When a benefit was first used in it.")

    @classmethod
    def of(cls, record: records.Term, member_id: MemberId) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(TERM, member_id, record.id),
            membership=record.membership,
            plan=record.plan,
            kind=record.kind,
            state=record.state,
            starts_at=record.starts_at,
            ends_at=record.ends_at,
            covered_until=record.covered_until,
            price=Money.of(money.Money(record.price_minor, record.currency)),
            refunded=Money.of(money.Money(record.refunded_minor, record.currency)),
            used_at=record.used_at,
        )


@strawberry.type
class MembershipPayment:
    """Money asked for or given back, and what the provider said."""

    kind: str = strawberry.field(description="charge or refund.")
    state: str = strawberry.field(
        description="requested, succeeded, declined, or given_up: a refund that was declined each day for a month."
        " It is not asked for any more, and still owed: pay it back another way."
    )
    amount: Money
    requested_at: datetime = strawberry.field(
        description="When it was asked for. Of a refund that is asked for again: when it was for the first time."
    )
    finished_at: datetime | None
    reference: str | None = strawberry.field(description="The provider's word for it, or the till's receipt.")
    problem: str | None = strawberry.field(description="The provider's code for a refusal.")

    @classmethod
    def of(cls, record: records.Payment) -> Self:
        """From the record."""
        return cls(
            kind=record.kind,
            state=record.state,
            amount=Money.of(money.Money(record.amount_minor, record.currency)),
            requested_at=record.requested_at,
            finished_at=record.finished_at,
            reference=record.reference,
            problem=record.problem,
        )


@strawberry.type
class MembershipFields(MemberBase):
    """Memberships' part of a member, for staff who may read it."""

    @strawberry.field
    async def memberships(self, info: Info) -> list[Membership] | None:
        """The paid memberships that the member has or had, the oldest first."""
        context = info.context
        programme = await context.programme()
        found = await queries.list_memberships(context.reader, self.member_id)
        return [Membership.of(record, programme, context.moment.now, context.locale) for record in found]

    @strawberry.field
    async def membership_terms(self, info: Info) -> list[MembershipTerm] | None:
        """Every term of every membership, the newest first. Needs the scope ledger:read."""
        check(info.context.principal, Scope.LEDGER_READ)
        found = await queries.list_memberships(info.context.reader, self.member_id)
        terms = [term for record in found for term in record.terms]
        return [
            MembershipTerm.of(term, self.member_id)
            for term in sorted(terms, key=lambda term: term.starts_at, reverse=True)
        ]

    @strawberry.field
    async def membership_payments(self, info: Info) -> list[MembershipPayment] | None:
        """What the member paid and got back, the newest first. Needs the scope ledger:read."""
        check(info.context.principal, Scope.LEDGER_READ)
        return [MembershipPayment.of(paid) for paid in await queries.list_payments(info.context.reader, self.member_id)]


@user_error(errors.MembershipUnknown, errors.MembershipHeldAlready, MemberNotFound)
class SellMembershipUserError(UserError):
    """Why it was not sold."""


@strawberry.type
class SellMembershipPayload:
    """The membership, or why there is none."""

    membership: Membership | None = None
    user_errors: list[SellMembershipUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SellMembershipInput:
    """A membership that was paid at the till."""

    member_id: strawberry.ID
    membership: str = strawberry.field(description="The key of a membership.")
    plan: str = strawberry.field(description="The key of one of its plans.")
    reference: str = strawberry.field(description="The receipt, or whatever names the payment at the till.")
    idempotency_key: str


@user_error(errors.MembershipNotHeld)
class UseMembershipUserError(UserError):
    """Why no use was noted."""


@strawberry.type
class UseMembershipPayload:
    """The membership as it is now."""

    membership: Membership | None = None
    user_errors: list[UseMembershipUserError] = strawberry.field(default_factory=list)


@strawberry.input
class UseMembershipInput:
    """A benefit of a membership that was used."""

    member_id: strawberry.ID
    membership: str = strawberry.field(description="The key of the membership.")


@user_error(errors.RefundExceedsPayment)
class RefundMembershipTermUserError(UserError):
    """Why nothing was given back."""


@strawberry.type
class RefundMembershipTermPayload:
    """The membership as it is now."""

    membership: Membership | None = None
    user_errors: list[RefundMembershipTermUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RefundMembershipTermInput:
    """A refund by hand."""

    term_id: strawberry.ID
    amount: Decimal = strawberry.field(description="In major units, at most what is left of the price.")
    ends_now: bool = strawberry.field(default=False, description="Whether benefits end, too.")
    idempotency_key: str


@strawberry.type
class MembershipMutation:
    """Memberships at the counter and at the service desk."""

    @mutation_field(requires=Scope.TILL)
    async def sell_membership(self, info: Info, input: SellMembershipInput) -> SellMembershipPayload | None:
        """Begin a membership that was paid at the till; no provider is asked. Repeating returns the first."""
        context = info.context
        member_id, programme = ids.member_id_of(input.member_id), await context.programme()
        asked = commands.JoinAsked(input.membership, input.plan)
        async with context.database.transaction() as tx:
            key = f"{context.staff.key_id}:{input.idempotency_key}"
            record = await commands.sell(tx, programme, member_id, asked, input.reference, key, context.moment)
        return SellMembershipPayload(membership=Membership.of(record, programme, context.moment.now, context.locale))

    @mutation_field(requires=Scope.TILL)
    async def use_membership(self, info: Info, input: UseMembershipInput) -> UseMembershipPayload | None:
        """Note that a benefit was used in the present term: what is used is not given back as unused."""
        context = info.context
        member_id, programme = ids.member_id_of(input.member_id), await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.use_benefit(tx, member_id, input.membership, context.moment.now)
        return UseMembershipPayload(membership=Membership.of(record, programme, context.moment.now, context.locale))

    @mutation_field(requires=Scope.LEDGER_ADJUST)
    async def refund_membership_term(
        self, info: Info, input: RefundMembershipTermInput
    ) -> RefundMembershipTermPayload | None:
        """Give back a part of a paid term, whatever the programme says. Repeating the call gives it once."""
        context, programme = info.context, await info.context.programme()
        owned = ids.find_owned_row(TERM, input.term_id)
        if owned is None:
            raise NotFound(what="term", field="termId")
        member_id, term_id = owned[0], TermId(owned[1])
        minor = await _minor(info, member_id, term_id, input.amount)
        async with context.database.transaction() as tx:
            key = f"{context.staff.key_id}:{input.idempotency_key}"
            record = await commands.refund_term(
                tx, programme, member_id, term_id, minor, key, context.moment, ends_now=input.ends_now
            )
        return RefundMembershipTermPayload(
            membership=Membership.of(record, programme, context.moment.now, context.locale)
        )


async def _minor(info: Info, member_id: MemberId, term_id: TermId, amount: Decimal) -> int:
    """The amount in minor units of the currency that the term was paid in."""
    found = await queries.list_memberships(info.context.reader, member_id)
    term = next((term for record in found for term in record.terms if term.id == term_id), None)
    if term is None:
        raise NotFound(what="term", field="termId")
    try:
        return money.Money.parse(amount, term.currency).minor
    except ValueError as error:
        raise InvalidInput(problem=str(error), field="amount") from None
