"""Paid memberships in the members' schema: what is on offer, what the member has, joining and leaving."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.permissions import MEMBER, PUBLIC, mutation_field, query_field
from fedele.api.scalars import Money
from fedele.domains.members.errors import MemberNotFound
from fedele.domains.memberships import commands, config, errors, queries
from fedele.domains.memberships import types as records
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Period, Programme
from fedele.kernel import money

_NAMES = errors.MembershipUnknown, errors.MembershipHeldAlready, errors.MembershipNotHeld


@strawberry.enum(description="Where a paid membership is in its life.")
class MembershipState(Enum):
    """The states of a membership."""

    REQUESTED = strawberry.enum_value("requested", description="The first charge is under way; nothing is on yet.")
    ACTIVE = strawberry.enum_value("active", description="Its benefits are on.")
    LAPSED = strawberry.enum_value("lapsed", description="It ended because the next term was not paid.")
    CANCELLED = strawberry.enum_value("cancelled", description="It ended because the member left.")


@strawberry.type
class MembershipPlan:
    """One price for one length."""

    key: str
    name: str | None
    price: Money
    period: str | None = strawberry.field(description="ISO 8601 duration of a term, P1M or P1Y; null: for life.")

    @classmethod
    def of(cls, plan: config.Plan, programme: Programme, locale: str) -> Self:
        """From the programme file."""
        brand = programme.section(ProgrammeConfig)
        return cls(
            key=plan.key,
            name=plan.name.in_locale(locale, brand.default_locale) if plan.name else None,
            price=Money(amount=plan.price, currency=brand.home_currency),
            period=iso_period(plan.period),
        )


@strawberry.type
class MembershipBenefit:
    """One thing a membership brings, in words."""

    key: str
    text: str


@strawberry.type
class MembershipOffering:
    """A paid membership that the programme sells."""

    key: str
    name: str
    plans: list[MembershipPlan]
    trial: str | None = strawberry.field(description="ISO 8601 duration of the free time before the first charge.")
    renews: bool = strawberry.field(description="Whether a term is followed by the next unless the member cancels.")
    grants_tier: str | None = strawberry.field(description="The key of the tier that members have at least.")
    benefits: list[MembershipBenefit]

    @classmethod
    def of(cls, offered: config.Membership, programme: Programme, locale: str) -> Self:
        """From the programme file."""
        default = programme.section(ProgrammeConfig).default_locale
        return cls(
            key=offered.key,
            name=offered.name.in_locale(locale, default),
            plans=[MembershipPlan.of(plan, programme, locale) for plan in offered.plans],
            trial=iso_period(offered.trial),
            renews=offered.auto_renew,
            grants_tier=offered.grants_tier,
            benefits=[MembershipBenefit(key=b.key, text=b.text.in_locale(locale, default)) for b in offered.benefits],
        )


@strawberry.type
class Membership:
    """A paid membership that the member has or had."""

    key: str
    name: str
    state: MembershipState
    plan: str = strawberry.field(description="The key of the plan.")
    next_plan: str | None = strawberry.field(description="The plan from the next term on, where it is another.")
    trial: bool = strawberry.field(description="Whether the present term is the free one.")
    auto_renew: bool
    joined_at: datetime
    cancelled_at: datetime | None
    covered_until: datetime | None = strawberry.field(description="When benefits end as things stand; null: never.")
    refund_if_cancelled: Money = strawberry.field(
        description="What would go back if it were cancelled now with a refund; benefits would then end at once."
    )
    benefits: list[MembershipBenefit]

    @classmethod
    def of(cls, record: records.MembershipRecord, programme: Programme, at: datetime, locale: str) -> Self:
        """From the record. One that the programme has given up keeps its key for a name."""
        offered = programme.section(config.MembershipsConfig).find(record.key)
        shown = MembershipOffering.of(offered, programme, locale) if offered else None
        term = record.term_at(at)
        last = term or record.terms[0]
        zone = programme.section(ProgrammeConfig).time_zone
        refund = sum(queries.refund_of(offered, paid, at, zone) for paid in record.terms) if offered else 0
        return cls(
            key=record.key,
            name=shown.name if shown else record.key,
            state=_state(record, at),
            plan=record.plan,
            next_plan=record.next_plan,
            trial=term is not None and term.kind == "trial",
            auto_renew=record.auto_renew,
            joined_at=record.joined_at,
            cancelled_at=record.cancelled_at,
            covered_until=covered_until(record, at),
            refund_if_cancelled=Money.of(money.Money(refund, last.currency)),
            benefits=shown.benefits if shown else [],
        )


@strawberry.type
class MembershipFields(MemberBase):
    """Memberships' part of Member."""

    @strawberry.field
    async def memberships(self, info: Info) -> list[Membership]:
        """The paid memberships that the member has or had, the oldest first."""
        context = info.context
        programme, locale = await context.programme(), await context.language()
        found = await queries.list_memberships(context.reader, self.member_id)
        if found:
            context.volatile = True  # a term ends by itself
        return [Membership.of(record, programme, context.moment.now, locale) for record in found]


@strawberry.type
class MembershipQuery:
    """What anybody may see of memberships."""

    @query_field(requires=PUBLIC)
    async def memberships(self, info: Info) -> list[MembershipOffering] | None:
        """The paid memberships that the programme sells."""
        programme, locale = await info.context.programme(), await info.context.language()
        return [
            MembershipOffering.of(offered, programme, locale) for offered in programme.section(config.MembershipsConfig)
        ]


@user_error(*_NAMES, MemberNotFound)
class JoinMembershipUserError(UserError):
    """Why the member has not joined."""


@strawberry.type
class JoinMembershipPayload:
    """The membership, or why there is none."""

    membership: Membership | None = None
    user_errors: list[JoinMembershipUserError] = strawberry.field(default_factory=list)


@strawberry.input
class JoinMembershipInput:
    """Which membership, by which plan."""

    membership: str = strawberry.field(description="The key of a membership.")
    plan: str = strawberry.field(description="The key of one of its plans.")
    method: str | None = strawberry.field(
        default=None, description="Your payment provider's word for the card on file; never a card number."
    )
    idempotency_key: str


@user_error(*_NAMES)
class CancelMembershipUserError(UserError):
    """Why the membership was not cancelled."""


@strawberry.type
class CancelMembershipPayload:
    """The membership as it is now, and what goes back to the member."""

    membership: Membership | None = None
    refund: Money | None = None
    user_errors: list[CancelMembershipUserError] = strawberry.field(default_factory=list)


@strawberry.input
class CancelMembershipInput:
    """Which membership to leave, and how."""

    membership: str = strawberry.field(description="The key of the membership.")
    refund: bool = strawberry.field(
        default=True,
        description="Take what the programme gives back, and end at once; false: stay to the end of what is paid.",
    )
    idempotency_key: str


@user_error(*_NAMES)
class ChangeMembershipPlanUserError(UserError):
    """Why the plan stays."""


@strawberry.type
class ChangeMembershipPlanPayload:
    """The membership as it is now."""

    membership: Membership | None = None
    user_errors: list[ChangeMembershipPlanUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ChangeMembershipPlanInput:
    """Which plan the next term is to be of."""

    membership: str = strawberry.field(description="The key of the membership.")
    plan: str = strawberry.field(description="The key of one of its plans.")


@strawberry.type
class MembershipMutation:
    """Joining and leaving."""

    @mutation_field(requires=MEMBER)
    async def join_membership(self, info: Info, input: JoinMembershipInput) -> JoinMembershipPayload | None:
        """Begin a paid membership: its trial at once, else when the charge is paid. Repeating returns the first."""
        context, member_id = info.context, info.context.member_id
        programme = await context.programme()
        asked = commands.JoinAsked(input.membership, input.plan, input.method)
        async with context.database.transaction() as tx:
            record = await commands.join(tx, programme, member_id, asked, input.idempotency_key, context.moment)
        return JoinMembershipPayload(
            membership=Membership.of(record, programme, context.moment.now, await context.language())
        )

    @mutation_field(requires=MEMBER)
    async def cancel_membership(self, info: Info, input: CancelMembershipInput) -> CancelMembershipPayload | None:
        """Leave a membership: no further term is charged. Repeating the call returns the first answer."""
        context, member_id = info.context, info.context.member_id
        programme = await context.programme()
        async with context.database.transaction() as tx:
            told = await commands.cancel(
                tx, programme, member_id, input.membership, input.idempotency_key, context.moment,
                wants_refund=input.refund,
            )  # fmt: skip
        shown = Membership.of(told.membership, programme, context.moment.now, await context.language())
        return CancelMembershipPayload(membership=shown, refund=Money.of(told.refund))

    @mutation_field(requires=MEMBER)
    async def change_membership_plan(
        self, info: Info, input: ChangeMembershipPlanInput
    ) -> ChangeMembershipPlanPayload | None:
        """Let the next term be of another plan; the present one goes on as it was paid. Repeating changes nothing."""
        context, member_id = info.context, info.context.member_id
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.change_plan(tx, programme, member_id, input.membership, input.plan, context.moment)
        return ChangeMembershipPlanPayload(
            membership=Membership.of(record, programme, context.moment.now, await context.language())
        )


def iso_period(period: Period | None) -> str | None:
    """A length of time as ISO 8601 says it: P1Y, P1M, P30D."""
    if period is None:
        return None
    parts = ((period.years, "Y"), (period.months, "M"), (period.days, "D"))
    return "P" + "".join(f"{count}{letter}" for count, letter in parts if count)


def covered_until(record: records.MembershipRecord, at: datetime) -> datetime | None:
    """When benefits end, over all terms that are paid; for one that has ended, when they did."""
    running = [term for term in record.terms if term.state in ("running", "refunded")]
    if any(term.covered_until is None for term in running):
        return None
    return max((term.covered_until for term in running if term.covered_until), default=at)


def _state(record: records.MembershipRecord, at: datetime) -> MembershipState:
    """As it is at this instant, whether the clock has noted the end or not."""
    if record.is_active(at):
        return MembershipState.ACTIVE
    if record.state == "active":
        return MembershipState.LAPSED if record.cancelled_at is None else MembershipState.CANCELLED
    return MembershipState(record.state)
