"""Segments in the staff schema: how big each is, who is inside, what a condition would give, and lists by hand."""

from datetime import datetime
from typing import Self

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.permissions import mutation_field, query_field
from fedele.domains.auth.types import Scope
from fedele.domains.segments import commands, errors, queries
from fedele.domains.segments import types as records
from fedele.domains.segments.config import SegmentConfig, SegmentsConfig
from fedele.kernel.expressions import ExpressionMistake
from fedele.kernel.refusal import InvalidInput

LIST_MAX = 1_000


@strawberry.type
class Segment:
    """Members who belong together: by a condition over what is known of them, or by a list."""

    key: str
    name: str
    condition: str | None = strawberry.field(description="In CEL; null for a list.")
    members_count: int = strawberry.field(description="How many are inside now.")
    refreshed_at: datetime | None = strawberry.field(
        description="When everybody was last looked at; null before, and of lists."
    )
    refresh_milliseconds: int | None = strawberry.field(description="How long that took.")
    window_days: int = strawberry.field(description="Entering and leaving are announced once in so many days.")
    judged_one_by_one_because: str | None = strawberry.field(
        description="Why the condition has no SQL, with line and column, so that a refresh takes longer; else null."
    )

    @classmethod
    def of(cls, segment: SegmentConfig, status: records.SegmentStatus, reason: str | None) -> Self:
        """From the programme and the last refresh."""
        return cls(
            key=segment.key,
            name=segment.name,
            condition=segment.when.text if segment.when else None,
            members_count=status.members_count,
            refreshed_at=status.refreshed_at,
            refresh_milliseconds=status.milliseconds,
            window_days=segment.window_days,
            judged_one_by_one_because=reason,
        )


@strawberry.type
class SegmentMember:
    """Somebody inside a segment."""

    member_id: strawberry.ID
    entered_at: datetime

    @classmethod
    def of(cls, record: records.Insider) -> Self:
        """From the record."""
        return cls(member_id=ids.member_id(record.member_id), entered_at=record.entered_at)


@strawberry.type
class SegmentStint:
    """A member's last time in a segment."""

    segment: str = strawberry.field(description="Its key.")
    entered_at: datetime
    left_at: datetime | None = strawberry.field(description="Null while the member is inside.")
    entries_count: int = strawberry.field(description="How often the member has entered so far.")

    @classmethod
    def of(cls, record: records.Stint) -> Self:
        """From the record."""
        return cls(
            segment=record.segment,
            entered_at=record.entered_at,
            left_at=record.left_at,
            entries_count=record.entries_count,
        )


@strawberry.type
class SegmentPart:
    """One part of a condition that `&&` joins."""

    condition: str
    members_count: int = strawberry.field(description="For how many members it holds by itself.")
    remaining_count: int = strawberry.field(description="For how many it holds together with the parts before it.")


@strawberry.type
class SegmentPreview:
    """Who would be inside; nothing is stored."""

    members_count: int
    of_count: int = strawberry.field(description="Active members in all.")
    sample: list[strawberry.ID] = strawberry.field(description="Some of them: members' ids.")
    parts: list[SegmentPart]
    judged_one_by_one_because: str | None = strawberry.field(description="As of Segment.")

    @classmethod
    def of(cls, record: records.Preview) -> Self:
        """From the record."""
        return cls(
            members_count=record.members_count,
            of_count=record.of_count,
            sample=[ids.member_id(one) for one in record.sample],
            parts=[SegmentPart(condition=p.text, members_count=p.members_count, remaining_count=p.remaining_count)
                   for p in record.parts],
            judged_one_by_one_because=record.reason,
        )  # fmt: skip


@strawberry.type
class SegmentPreviewAnswer:
    """The preview, or the mistake in the condition."""

    preview: SegmentPreview | None = None
    mistake: str | None = strawberry.field(default=None, description="What is wrong with the condition.")
    line: int | None = strawberry.field(default=None, description="Where the mistake is, from 1.")
    column: int | None = strawberry.field(default=None, description="Where the mistake is, from 1.")


@strawberry.type
class RfmCuts:
    """Cut points of recency, frequency and monetary value: above all four is the highest fifth."""

    measured_at: datetime
    members_count: int = strawberry.field(description="Over how many members who bought within a year.")
    recency_days: list[int] = strawberry.field(description="Days since the last purchase; fewer is better.")
    frequency: list[int] = strawberry.field(description="Purchases within a year.")
    monetary_minor: list[int] = strawberry.field(
        description="Net spend within a year, in minor units of the home currency."
    )


@strawberry.type
class SegmentFields(MemberBase):
    """A member's segments."""

    @strawberry.field
    async def segments(self, info: Info) -> list[SegmentStint]:
        """The segments the member is or was in, the latest entry first."""
        return [SegmentStint.of(one) for one in await queries.list_stints(info.context.reader, self.member_id)]


@strawberry.type
class SegmentQuery:
    """Segments as they stand, and as they would be."""

    @query_field(requires=Scope.PROGRAMME_READ)
    async def segments(self, info: Info) -> list[Segment] | None:
        """All of the programme's segments, in the file's order."""
        context = info.context
        programme = await context.programme()
        statuses = await queries.list_statuses(context.reader, programme)
        segments = programme.section(SegmentsConfig)
        return [
            Segment.of(one, status, queries.why_not_compiled(programme, one.when, context.moment) if one.when else None)
            for one, status in zip(segments, statuses, strict=True)
        ]

    @query_field(requires=Scope.MEMBERS_READ)
    async def segment_members(
        self, info: Info, segment: str, first: int = 50, after: str | None = None
    ) -> Connection[SegmentMember] | None:
        """Who is inside the segment of this key now; nobody for a key that is not there."""
        page = await queries.list_insiders(info.context.reader, segment, page_size(first), after)
        return connection(page, SegmentMember.of)

    @query_field(requires=Scope.MEMBERS_READ)
    async def preview_segment(self, info: Info, condition: str, sample: int = 10) -> SegmentPreviewAnswer | None:
        """How many members a condition would hold for, part by part, and some of them."""
        context = info.context
        try:
            when = queries.read_condition(condition)
        except ExpressionMistake as mistake:
            return SegmentPreviewAnswer(mistake=mistake.message, line=mistake.line, column=mistake.column)
        programme = await context.programme()
        found = await queries.preview(context.reader, programme, when, context.moment, max(0, min(sample, 50)))
        return SegmentPreviewAnswer(preview=SegmentPreview.of(found))

    @query_field(requires=Scope.PROGRAMME_READ)
    async def rfm_cuts(self, info: Info) -> RfmCuts | None:
        """The cut points in force; null before they were first measured."""
        cuts = await queries.find_rfm_cuts(info.context.reader, info.context.moment)
        if cuts is None:
            return None
        return RfmCuts(
            measured_at=cuts.measured_at,
            members_count=cuts.members_count,
            recency_days=list(cuts.recency_days),
            frequency=list(cuts.frequency),
            monetary_minor=list(cuts.monetary_minor),
        )


@user_error(errors.SegmentIsList)
class RefreshSegmentUserError(UserError):
    """Why it was not refreshed."""


@strawberry.type
class RefreshSegmentPayload:
    """What the look at everybody found."""

    members_count: int | None = strawberry.field(default=None, description="How many are inside now.")
    entered_count: int | None = None
    left_count: int | None = None
    user_errors: list[RefreshSegmentUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RefreshSegmentInput:
    """Which segment."""

    segment: str = strawberry.field(description="Its key.")


@user_error(errors.SegmentIsCondition)
class ChangeSegmentListUserError(UserError):
    """Why the list was not changed."""


@strawberry.type
class ChangeSegmentListPayload:
    """How the list changed."""

    added_count: int | None = strawberry.field(default=None, description="Those who were there already do not count.")
    removed_count: int | None = None
    user_errors: list[ChangeSegmentListUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ChangeSegmentListInput:
    """Whom to put on a list and whom to take off, at most a thousand of each."""

    segment: str = strawberry.field(description="The list's key.")
    add: list[strawberry.ID] = strawberry.field(default_factory=list, description="Members' ids.")
    remove: list[strawberry.ID] = strawberry.field(default_factory=list, description="Members' ids.")


@strawberry.type
class SegmentMutation:
    """What staff do with segments."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def refresh_segment(self, info: Info, input: RefreshSegmentInput) -> RefreshSegmentPayload | None:
        """Look at everybody for this segment now, instead of when it is next due."""
        context = info.context
        programme = await context.programme()
        done = await commands.refresh_segment(context.database, programme, input.segment, context.moment)
        return RefreshSegmentPayload(
            members_count=done.members_count, entered_count=done.moved.entered, left_count=done.moved.left
        )

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def change_segment_list(self, info: Info, input: ChangeSegmentListInput) -> ChangeSegmentListPayload | None:
        """Put members on a static list, or take them off. Repeating it changes nothing."""
        context = info.context
        if len(input.add) > LIST_MAX or len(input.remove) > LIST_MAX:
            raise InvalidInput(problem=f"Name at most {LIST_MAX} members at once.", field="add")
        add = [ids.member_id_of(one, "add") for one in input.add]
        remove = [ids.member_id_of(one, "remove") for one in input.remove]
        programme = await context.programme()
        async with context.database.transaction() as tx:
            moved = await commands.change_list(tx, programme, input.segment, context.moment, add=add, remove=remove)
        return ChangeSegmentListPayload(added_count=moved.entered, removed_count=moved.left)
