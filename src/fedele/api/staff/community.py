"""The community in the staff schema: what waits for a moderator, contests to decide, guests to check in."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Literal, Self, cast
from uuid import UUID

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.api.scalars import URL
from fedele.domains.auth.types import Scope, StaffPrincipal
from fedele.domains.community import commands, errors, queries
from fedele.domains.community import types as records
from fedele.domains.members.errors import (
    CardCodeMalformed,
    CardCodeRevoked,
    CardCodeUnknown,
    MemberErased,
    MemberNotFound,
)
from fedele.domains.members.queries import find_by_code
from fedele.domains.members.types import Peppers
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import NotFound

REVIEW, ENTRY = "review", "contestentry"
CARD = (CardCodeMalformed, CardCodeUnknown, CardCodeRevoked, MemberErased, MemberNotFound)


@strawberry.enum(name="ModerationState", description="What a moderator has decided.")
class ModerationState(Enum):
    """States of what others may see."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@strawberry.type
class ModeratedReview:
    """A review, for whoever decides about it."""

    id: strawberry.ID
    member_id: strawberry.ID
    about: str
    subject: str
    stars: int
    body: str | None
    picture: URL | None
    verified: bool
    state: ModerationState
    submitted_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None

    @classmethod
    def of(cls, record: records.Review, context: Context) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(REVIEW, record.member_id, record.id),
            member_id=ids.member_id(record.member_id),
            about=record.about,
            subject=record.subject,
            stars=record.stars,
            body=record.body,
            picture=_picture(context, record.picture_id),
            verified=record.verified,
            state=ModerationState(record.state),
            submitted_at=record.submitted_at,
            decided_at=record.decided_at,
            decided_by=record.actor,
            reason=record.reason,
        )


@strawberry.type
class ModeratedEntry:
    """A picture entered in a contest, for whoever decides about it."""

    id: strawberry.ID
    member_id: strawberry.ID
    contest: str
    caption: str | None
    picture: URL | None
    votes: int
    state: ModerationState
    submitted_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None

    @classmethod
    def of(cls, record: records.Entry, context: Context) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(ENTRY, record.member_id, record.id),
            member_id=ids.member_id(record.member_id),
            contest=record.contest_key,
            caption=record.caption,
            picture=_picture(context, record.picture_id),
            votes=record.votes,
            state=ModerationState(record.state),
            submitted_at=record.submitted_at,
            decided_at=record.decided_at,
            decided_by=record.actor,
            reason=record.reason,
        )


@strawberry.type
class ContestWinner:
    """A winning entry."""

    place: int
    entry_id: strawberry.ID
    member_id: strawberry.ID
    votes: int


@strawberry.type
class ContestResult:
    """How a contest was decided, and with which seed: whoever has the entries can decide it again."""

    contest: str
    decided_at: datetime
    decided_by: str
    seed: str
    entries_count: int
    winners: list[ContestWinner]

    @classmethod
    def of(cls, record: records.Result) -> Self:
        """From the record."""
        return cls(
            contest=record.contest_key,
            decided_at=record.decided_at,
            decided_by=record.actor,
            seed=record.seed,
            entries_count=record.entries_count,
            winners=[
                ContestWinner(
                    place=place,
                    entry_id=ids.row_id(ENTRY, MemberId(one.member_id), one.entry_id),
                    member_id=ids.member_id(MemberId(one.member_id)),
                    votes=one.votes,
                )
                for place, one in enumerate(record.winners, 1)
            ],
        )


@strawberry.type
class Guest:
    """Who comes to a gathering, waits for a seat, or came."""

    member_id: strawberry.ID
    state: str = strawberry.field(description="joined, waiting or attended.")
    guests: int
    asked_at: datetime
    attended_at: datetime | None

    @classmethod
    def of(cls, record: records.Place) -> Self:
        """From the record."""
        return cls(
            member_id=ids.member_id(record.member_id),
            state=record.state,
            guests=record.guests,
            asked_at=record.asked_at,
            attended_at=record.attended_at,
        )


@strawberry.type
class CommunityQuery:
    """What waits for a person."""

    @query_field(requires=Scope.MEMBERS_READ)
    async def reviews_to_moderate(
        self, info: Info, states: list[ModerationState] | None = None, first: int = 50, after: str | None = None
    ) -> Connection[ModeratedReview] | None:
        """Reviews, the oldest first; those that nobody has looked at if no states are named."""
        context = info.context
        page = await queries.list_reviews(context.reader, _states(states), page_size(first), after)
        return connection(page, lambda record: ModeratedReview.of(record, context))

    @query_field(requires=Scope.MEMBERS_READ)
    async def entries_to_moderate(
        self, info: Info, states: list[ModerationState] | None = None, first: int = 50, after: str | None = None
    ) -> Connection[ModeratedEntry] | None:
        """Entries of contests, the oldest first; those that nobody has looked at if no states are named."""
        context = info.context
        page = await queries.list_entries(context.reader, _states(states), page_size(first), after)
        return connection(page, lambda record: ModeratedEntry.of(record, context))

    @query_field(requires=Scope.MEMBERS_READ)
    async def guests(self, info: Info, gathering: str) -> list[Guest] | None:
        """Who comes to a gathering (its key), waits or came, in the order in which they asked."""
        states: tuple[Literal["joined", "waiting", "attended"], ...] = ("joined", "waiting", "attended")
        return [Guest.of(one) for one in await queries.guests_of(info.context.reader, gathering, states)]


@user_error(errors.AlreadyModerated)
class ModerateReviewUserError(UserError):
    """Why it was not decided."""


@user_error(errors.AlreadyModerated)
class ModerateEntryUserError(UserError):
    """Why it was not decided."""


@user_error(errors.ContestNotOver)
class DecideContestUserError(UserError):
    """Why it was not decided."""


@user_error(errors.CheckInClosed, *CARD)
class CheckInGuestUserError(UserError):
    """Why the guest was not checked in."""


@strawberry.type
class ModerateReviewPayload:
    """The review after the decision, or why there was none."""

    review: ModeratedReview | None = None
    user_errors: list[ModerateReviewUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ModerateEntryPayload:
    """The entry after the decision, or why there was none."""

    entry: ModeratedEntry | None = None
    user_errors: list[ModerateEntryUserError] = strawberry.field(default_factory=list)


@strawberry.type
class DecideContestPayload:
    """The result, or why there is none."""

    result: ContestResult | None = None
    user_errors: list[DecideContestUserError] = strawberry.field(default_factory=list)


@strawberry.type
class CheckInGuestPayload:
    """The guest, or why they were not checked in."""

    guest: Guest | None = None
    user_errors: list[CheckInGuestUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ModerateReviewInput:
    """A decision about a review."""

    review_id: strawberry.ID
    approve: bool
    reason: str | None = strawberry.field(default=None, description="Why it is rejected: the member reads it.")


@strawberry.input
class ModerateEntryInput:
    """A decision about an entry."""

    entry_id: strawberry.ID
    approve: bool
    reason: str | None = strawberry.field(default=None, description="Why it is rejected: the member reads it.")


@strawberry.input
class DecideContestInput:
    """Which contest."""

    contest: str = strawberry.field(description="Its key in the programme.")


@strawberry.input
class CheckInGuestInput:
    """Who stands at the door."""

    gathering: str = strawberry.field(description="Its key in the programme.")
    card: str = strawberry.field(description="The code of the member's card, as scanned.")


@strawberry.type
class CommunityMutation:
    """What staff decide about what members give."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def moderate_review(self, info: Info, input: ModerateReviewInput) -> ModerateReviewPayload | None:
        """Approve a review, which brings its points once, or reject it."""
        context, (member_id, row) = info.context, _named(REVIEW, input.review_id, "reviewId")
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.moderate_review(
                tx, programme, member_id, records.ReviewId(row), approve=input.approve, reason=input.reason,
                actor=_actor(context), moment=context.moment,
            )  # fmt: skip
        return ModerateReviewPayload(review=ModeratedReview.of(record, context))

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def moderate_entry(self, info: Info, input: ModerateEntryInput) -> ModerateEntryPayload | None:
        """Approve an entry, which brings its points once and lets it compete, or reject it."""
        context, (member_id, row) = info.context, _named(ENTRY, input.entry_id, "entryId")
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.moderate_entry(
                tx, programme, member_id, records.EntryId(row), approve=input.approve, reason=input.reason,
                actor=_actor(context), moment=context.moment,
            )  # fmt: skip
        return ModerateEntryPayload(entry=ModeratedEntry.of(record, context))

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def decide_contest(self, info: Info, input: DecideContestInput) -> DecideContestPayload | None:
        """Decide a contest that is over, once. It decides itself as soon as no entry waits for a moderator."""
        context, programme = info.context, await info.context.programme()
        async with context.database.transaction() as tx:
            result = await commands.decide_contest(tx, programme, input.contest, _actor(context), context.moment)
        return DecideContestPayload(result=ContestResult.of(result))

    @mutation_field(requires=Scope.TILL)
    async def check_in_guest(self, info: Info, input: CheckInGuestInput) -> CheckInGuestPayload | None:
        """Note that a member with a seat has come, which brings what the programme gives for it, once."""
        context, programme = info.context, await info.context.programme()
        holder = await find_by_code(context.reader, input.card, context.moment, context.services.get(Peppers))
        if holder.revoked_at is not None:
            raise CardCodeRevoked(field="card")
        async with context.database.transaction() as tx:
            place = await commands.check_in(
                tx, programme, holder.member_id, input.gathering, _actor(context), context.moment
            )
        return CheckInGuestPayload(guest=Guest.of(place))


def _picture(context: Context, picture_id: records.PictureId | None) -> URL | None:
    return URL(context.services.get(records.PictureLinks).url(picture_id)) if picture_id else None


def _states(states: Sequence[ModerationState] | None) -> list[records.ModerationState]:
    wanted = {one.value for one in states or [ModerationState.PENDING]}
    return [state for state in records.MODERATION_STATES if state in wanted]


def _named(prefix: str, text: strawberry.ID, field: str) -> tuple[MemberId, UUID]:
    found = ids.find_owned_row(prefix, text)
    if found is None:
        raise NotFound(what=prefix, field=field)
    return found


def _actor(context: Context) -> str:
    return f"staff:{cast(StaffPrincipal, context.principal).key_id}"
