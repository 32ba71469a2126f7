"""Referrals in the staff schema: all of them, those that wait for a person, and the person's decision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self, cast, get_args

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.api.texts import refusal_text
from fedele.domains.auth.types import Scope, StaffPrincipal
from fedele.domains.referrals import commands, errors, queries
from fedele.domains.referrals import types as records
from fedele.kernel.refusal import NotFound

WORDS_MAX = 500
STATES: tuple[records.ReferralState, ...] = get_args(records.ReferralState)


@strawberry.type
class StaffReferral:
    """A friend who applied a member's code."""

    friend_id: strawberry.ID = strawberry.field(description="The member who came. Names the referral.")
    referrer_id: strawberry.ID = strawberry.field(description="The member whose code it was.")
    state: str = strawberry.field(description="applied, held, open, settled, refused, revoked or expired.")
    reason: str | None = strawberry.field(description="The code of what it is held or was refused for.")
    reason_text: str | None = strawberry.field(description="The same in words.")
    applied_at: datetime
    settles_at: datetime | None = strawberry.field(description="When the friend's purchase counts as kept.")
    settled_at: datetime | None

    @classmethod
    def of(cls, record: records.Referral, locale: str) -> Self:
        """From the record."""
        return cls(
            friend_id=ids.member_id(record.friend_id),
            referrer_id=ids.member_id(record.referrer_id),
            state=record.state,
            reason=record.reason,
            reason_text=_words(record.reason, locale),
            applied_at=record.applied_at,
            settles_at=record.due_at,
            settled_at=record.settled_at,
        )


@strawberry.type
class ReferralCheck:
    """One decision about a code that a member applied."""

    outcome: str = strawberry.field(description="admitted, held, refused, approved or rejected.")
    reason: str = strawberry.field(description="The code of the reason, or what the person said who decided.")
    reason_text: str | None = strawberry.field(description="A code's words.")
    actor: str = strawberry.field(description='Who decided: "rules", or a person\'s key.')
    decided_at: datetime

    @classmethod
    def of(cls, record: records.Check, locale: str) -> Self:
        """From the record."""
        return cls(
            outcome=record.outcome,
            reason=record.reason,
            reason_text=_words(record.reason, locale),
            actor=record.actor,
            decided_at=record.decided_at,
        )


@strawberry.type
class StateCount:
    """How many referrals are in one state."""

    state: str
    count: int


def _words(reason: str | None, locale: str) -> str | None:
    refusal = errors.REASONS.get(reason or "")
    return refusal_text(refusal(), locale) if refusal else None


def _states(states: Sequence[str] | None) -> list[records.ReferralState] | None:
    return None if states is None else [state for state in STATES if state in states]


@strawberry.type
class ReferralQuery:
    """What staff see of referrals."""

    @query_field(requires=Scope.MEMBERS_READ)
    async def referrals(
        self, info: Info, states: list[str] | None = None, first: int = 50, after: str | None = None
    ) -> Connection[StaffReferral] | None:
        """Referrals, the newest first. `states: ["held"]` is the queue that waits for a person."""
        context = info.context
        locale = await context.language()
        page = await queries.list_referrals(context.reader, _states(states), page_size(first), after)
        return connection(page, lambda record: StaffReferral.of(record, locale))

    @query_field(requires=Scope.MEMBERS_READ)
    async def referral_checks(self, info: Info, member_id: strawberry.ID) -> list[ReferralCheck] | None:
        """Every decision about the codes that a member applied, the newest first."""
        found, locale = ids.find_member_id(member_id), await info.context.language()
        if found is None:
            return []
        return [ReferralCheck.of(one, locale) for one in await queries.checks_of(info.context.reader, found)]

    @query_field(requires=Scope.MEMBERS_READ)
    async def referral_figures(self, info: Info) -> list[StateCount] | None:
        """How many referrals are in each state."""
        figures = await queries.figures(info.context.reader)
        return [StateCount(state=state, count=count) for state, count in figures.states.items()]


@user_error(errors.ReferralNotHeld)
class ApproveReferralUserError(UserError):
    """Why it was not approved."""


@strawberry.type
class ApproveReferralPayload:
    """The referral after the decision, or why there was none."""

    referral: StaffReferral | None = None
    user_errors: list[ApproveReferralUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ApproveReferralInput:
    """Which referral, and why it may go on."""

    friend_id: strawberry.ID = strawberry.field(description="The member who applied the code.")
    reason: str = strawberry.field(description="For the log; at most 500 characters, no personal data.")


@user_error(errors.ReferralNotHeld)
class RejectReferralUserError(UserError):
    """Why it was not rejected."""


@strawberry.type
class RejectReferralPayload:
    """The referral after the decision, or why there was none."""

    referral: StaffReferral | None = None
    user_errors: list[RejectReferralUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RejectReferralInput:
    """Which referral, and why it is refused."""

    friend_id: strawberry.ID = strawberry.field(description="The member who applied the code.")
    reason: str = strawberry.field(description="For the log; at most 500 characters, no personal data.")


@strawberry.type
class ReferralMutation:
    """What staff decide about referrals."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def approve_referral(self, info: Info, input: ApproveReferralInput) -> ApproveReferralPayload | None:
        """Let a held referral go on: it is paid once its purchase has settled, and not suspected again."""
        context, friend_id = info.context, ids.member_id_of(input.friend_id, field="friendId")
        referral = await queries.find_referral(context.reader, friend_id)
        if referral is None:
            raise NotFound(what="referral", field="friendId")
        programme = await context.services.programmes.at(referral.applied_at)
        async with context.database.transaction() as tx:
            record = await commands.approve_referral(
                tx, programme, friend_id, _actor(context), input.reason, context.moment
            )
        return ApproveReferralPayload(referral=StaffReferral.of(record, await context.language()))

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def reject_referral(self, info: Info, input: RejectReferralInput) -> RejectReferralPayload | None:
        """Refuse a held referral. Nobody is paid, and the referrer's place is free again."""
        context, friend_id = info.context, ids.member_id_of(input.friend_id, field="friendId")
        async with context.database.transaction() as tx:
            record = await commands.reject_referral(tx, friend_id, _actor(context), input.reason, context.moment)
        return RejectReferralPayload(referral=StaffReferral.of(record, await context.language()))


def _actor(context: Context) -> str:
    return f"staff:{cast(StaffPrincipal, context.principal).key_id}"
