"""What members do in the community: send reviews and entries, vote, take seats and give them back."""

from typing import cast
from uuid import UUID

import strawberry

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.community import (
    CONTEST,
    ENTRY,
    GATHERING,
    PICTURE,
    ContestEntry,
    Gathering,
    OwnReview,
    ReviewAbout,
    gathering_of,
)
from fedele.api.permissions import MEMBER, mutation_field
from fedele.domains.community import commands, config, errors
from fedele.domains.community import types as records
from fedele.kernel.refusal import NotFound


@user_error(errors.ReviewsClosed, errors.ReviewExists, errors.ReviewNotVerified)
class SubmitReviewUserError(UserError):
    """Why the review was not taken."""


@strawberry.type
class SubmitReviewPayload:
    """The review as it waits for a moderator, or why it was not taken."""

    review: OwnReview | None = None
    user_errors: list[SubmitReviewUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SubmitReviewInput:
    """One review a product or store: repeating the call with the same words returns the first."""

    about: ReviewAbout
    subject: str = strawberry.field(description="The product's sku or the store's key.")
    stars: int = strawberry.field(description="1 to 5.")
    body: str | None = None
    picture_id: strawberry.ID | None = strawberry.field(default=None, description="What `POST /pictures` answered.")


@user_error(errors.ContestClosed, errors.EntriesUsedUp)
class SubmitEntryUserError(UserError):
    """Why the entry was not taken."""


@strawberry.type
class SubmitEntryPayload:
    """The entry as it waits for a moderator, or why it was not taken."""

    entry: ContestEntry | None = None
    user_errors: list[SubmitEntryUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SubmitEntryInput:
    """A picture for a contest: repeating the call with the same picture returns the first entry."""

    contest_id: strawberry.ID
    picture_id: strawberry.ID = strawberry.field(description="What `POST /pictures` answered.")
    caption: str | None = None


@user_error(errors.VotingClosed, errors.OwnEntry)
class VoteForEntryUserError(UserError):
    """Why the vote did not count."""


@strawberry.type
class VoteForEntryPayload:
    """Where the vote stands now, or why it did not count."""

    entry_id: strawberry.ID | None = None
    user_errors: list[VoteForEntryUserError] = strawberry.field(default_factory=list)


@strawberry.input
class VoteForEntryInput:
    """One vote a contest: another call moves it."""

    entry_id: strawberry.ID


@user_error(errors.GatheringClosed, errors.GatheringFull)
class JoinGatheringUserError(UserError):
    """Why there is no seat."""


@strawberry.type
class JoinGatheringPayload:
    """The gathering with the member's place, or why there is none."""

    gathering: Gathering | None = None
    user_errors: list[JoinGatheringUserError] = strawberry.field(default_factory=list)


@strawberry.input
class JoinGatheringInput:
    """Which gathering, and how many come along."""

    gathering_id: strawberry.ID
    guests: int = 0


@user_error(errors.GatheringClosed)
class LeaveGatheringUserError(UserError):
    """Why the seat was not given back."""


@strawberry.type
class LeaveGatheringPayload:
    """The gathering without the member, or why not."""

    gathering: Gathering | None = None
    user_errors: list[LeaveGatheringUserError] = strawberry.field(default_factory=list)


@strawberry.input
class LeaveGatheringInput:
    """Which gathering."""

    gathering_id: strawberry.ID


@strawberry.type
class CommunityMutation:
    """What members give."""

    @mutation_field(requires=MEMBER)
    async def submit_review(self, info: Info, input: SubmitReviewInput) -> SubmitReviewPayload | None:
        """Review a product or a store. A moderator reads it; what it brings comes with the approval."""
        context, programme = info.context, await info.context.programme()
        picture = _own_picture(context, input.picture_id)
        locale, about = await context.language(), cast(config.About, input.about.value)
        async with context.database.transaction() as tx:
            record = await commands.submit_review(
                tx, programme, context.member_id, about, input.subject, input.stars, input.body, picture, locale,
                context.moment,
            )  # fmt: skip
        return SubmitReviewPayload(review=OwnReview.of(record, context, programme))

    @mutation_field(requires=MEMBER)
    async def submit_entry(self, info: Info, input: SubmitEntryInput) -> SubmitEntryPayload | None:
        """Enter a picture in a contest. A moderator looks at it; what it brings comes with the approval."""
        context, programme = info.context, await info.context.programme()
        key = ids.key_of(CONTEST, input.contest_id, field="contestId")
        picture = records.PictureId(ids.row_of(PICTURE, input.picture_id, context.member_id, field="pictureId"))
        async with context.database.transaction() as tx:
            record = await commands.submit_entry(
                tx, programme, context.member_id, key, picture, input.caption, context.moment
            )
        return SubmitEntryPayload(entry=ContestEntry.of(record, context, programme))

    @mutation_field(requires=MEMBER)
    async def vote_for_entry(self, info: Info, input: VoteForEntryInput) -> VoteForEntryPayload | None:
        """Vote for somebody's entry, or move the vote to it."""
        context, programme = info.context, await info.context.programme()
        contest_key, _, text = ids.key_of(ENTRY, input.entry_id, field="entryId").partition(":")
        try:
            entry = records.EntryId(UUID(text))
        except ValueError:
            raise NotFound(what="entry", field="entryId") from None
        async with context.database.transaction() as tx:
            await commands.vote(tx, programme, context.member_id, contest_key, entry, context.moment)
        return VoteForEntryPayload(entry_id=input.entry_id)

    @mutation_field(requires=MEMBER)
    async def join_gathering(self, info: Info, input: JoinGatheringInput) -> JoinGatheringPayload | None:
        """Take a seat, or a place in the line. Repeating the call changes nothing."""
        context, programme = info.context, await info.context.programme()
        key = ids.key_of(GATHERING, input.gathering_id, field="gatheringId")
        async with context.database.transaction() as tx:
            await commands.join_gathering(tx, programme, context.member_id, key, input.guests, context.moment)
        return JoinGatheringPayload(gathering=await gathering_of(context, key))

    @mutation_field(requires=MEMBER)
    async def leave_gathering(self, info: Info, input: LeaveGatheringInput) -> LeaveGatheringPayload | None:
        """Give the seat back: who waits first gets it. Repeating the call changes nothing."""
        context, programme = info.context, await info.context.programme()
        key = ids.key_of(GATHERING, input.gathering_id, field="gatheringId")
        async with context.database.transaction() as tx:
            await commands.leave_gathering(tx, programme, context.member_id, key, context.moment)
        return LeaveGatheringPayload(gathering=await gathering_of(context, key))


def _own_picture(context: Context, text: strawberry.ID | None) -> records.PictureId | None:
    if text is None:
        return None
    return records.PictureId(ids.row_of(PICTURE, text, context.member_id, field="pictureId"))
