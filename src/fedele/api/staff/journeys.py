"""Journeys in the staff schema: the list, a journey in numbers, who is inside, one member's trace, pausing."""

from datetime import datetime
from enum import Enum
from typing import Self, cast

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.domains.auth.types import Scope, StaffPrincipal
from fedele.domains.journeys import commands, errors, queries
from fedele.domains.journeys import types as records
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Text
from fedele.kernel.refusal import InvalidInput

REASON_LENGTH_MAX = 500


@strawberry.enum(name="JourneyRunState", description="Where a member's run stands.")
class JourneyRunState(Enum):
    """States of a run."""

    ACTIVE = strawberry.enum_value("active", description="Goes from step to step.")
    HOLDOUT = strawberry.enum_value("holdout", description="Left alone, to be compared with.")
    HELD = strawberry.enum_value("held", description="A step failed again and again; resuming tries it again.")
    DECLINED = strawberry.enum_value("declined", description="The trigger came, the condition did not hold.")
    COMPLETED = strawberry.enum_value("completed", description="Through the last step, or the holdout's time is over.")
    GOAL = strawberry.enum_value("goal", description="Stopped by reaching the goal.")
    EXITED = strawberry.enum_value("exited", description="Left before.")


@strawberry.type
class JourneyPause:
    """Since when it stands still, by whom, and why."""

    paused_at: datetime
    paused_by: str
    reason: str


@strawberry.type
class Journey:
    """A journey of the programme, or one that was removed from it and has had members."""

    key: str
    name: str = strawberry.field(description="In the caller's language.")
    in_programme: bool = strawberry.field(description="False: nobody enters any more; who is inside goes to its end.")
    pause: JourneyPause | None
    inside: int = strawberry.field(description="Members inside now, the holdout included.")
    entered: int
    goals: int = strawberry.field(description="How many reached the goal.")

    @classmethod
    def of(cls, record: records.Listed, locale: str, default: str) -> Self:
        """From the record."""
        pause = record.paused
        return cls(
            key=record.journey_key,
            name=Text(dict(record.name)).in_locale(locale, default),
            in_programme=record.in_programme,
            pause=JourneyPause(paused_at=pause.paused_at, paused_by=pause.actor, reason=pause.reason)
            if pause
            else None,
            inside=record.inside,
            entered=record.entered,
            goals=record.goals,
        )


@strawberry.type
class JourneyCount:
    """So many under this word."""

    key: str
    count: int


@strawberry.type
class JourneyStepFigures:
    """One step in numbers."""

    key: str
    inside: int = strawberry.field(description="Members who stand here now.")
    passed: list[JourneyCount] = strawberry.field(description="How often it was passed, by outcome.")


@strawberry.type
class JourneySide:
    """One side of a comparison: an arm of a split, the treated, the holdout."""

    key: str
    members: int
    goals: int = strawberry.field(description="How many of them reached the goal.")
    rate: float = strawberry.field(description="Goals per member.")

    @classmethod
    def of(cls, record: records.Side) -> Self:
        """From the record."""
        return cls(key=record.key, members=record.members, goals=record.goals, rate=record.rate)


@strawberry.type
class JourneySplit:
    """A split step and its arms."""

    step: str
    arms: list[JourneySide]


@strawberry.type
class JourneyLift:
    """What the journey changes: the treated's goal rate minus the holdout's, with its 95 % interval (Newcombe)."""

    treated: JourneySide
    holdout: JourneySide
    difference: float
    low: float
    high: float


@strawberry.type
class JourneyFigures:
    """A journey in numbers, over all its versions."""

    key: str
    entered: int
    goals: int
    states: list[JourneyCount] = strawberry.field(description="Runs by state.")
    exits: list[JourneyCount] = strawberry.field(description="Runs that are over, by reason.")
    steps: list[JourneyStepFigures]
    splits: list[JourneySplit]
    lift: JourneyLift | None = strawberry.field(description="Null without a holdout.")

    @classmethod
    def of(cls, record: records.Figures) -> Self:
        """From the record."""
        lift = record.lift
        return cls(
            key=record.journey_key,
            entered=record.entered,
            goals=record.goals,
            states=_counts(record.by_state),
            exits=_counts(record.exits),
            steps=[
                JourneyStepFigures(key=step.step_key, inside=step.inside, passed=_counts(step.passed))
                for step in record.steps
            ],
            splits=[
                JourneySplit(step=step, arms=[JourneySide.of(side) for side in sides])
                for step, sides in record.splits.items()
            ],
            lift=JourneyLift(
                treated=JourneySide.of(lift.treated),
                holdout=JourneySide.of(lift.holdout),
                difference=lift.difference,
                low=lift.low,
                high=lift.high,
            )
            if lift
            else None,
        )


@strawberry.type
class JourneyRun:
    """One member's way through one journey."""

    member_id: strawberry.ID
    journey: str
    state: JourneyRunState
    step: str | None = strawberry.field(description="Where the member stands; null once it is over.")
    entered_at: datetime
    next_due_at: datetime | None
    ended_at: datetime | None
    reason: str | None = strawberry.field(description="Why it is over, or held.")
    goal_at: datetime | None
    programme_version: int = strawberry.field(description="The version by which the member goes through it.")

    @classmethod
    def of(cls, record: records.Run) -> Self:
        """From the record."""
        return cls(
            member_id=ids.member_id(record.member_id),
            journey=record.journey_key,
            state=JourneyRunState(record.state.value),
            step=record.step_key,
            entered_at=record.entered_at,
            next_due_at=record.next_due,
            ended_at=record.ended_at,
            reason=record.reason,
            goal_at=record.goal_at,
            programme_version=record.programme_version,
        )


@strawberry.type
class JourneyTraceLine:
    """One line of a trace: what was done at a step, how it came out, and why."""

    at: datetime
    step: str | None = strawberry.field(description="Null for what is said of the journey as a whole.")
    kind: str = strawberry.field(description="enter, the step's type, move, goal or end.")
    outcome: str
    detail: JSON = strawberry.field(description="The condition that decided, the event that was heard, what was given.")


@strawberry.type
class JourneyTrace:
    """A run with every line of its trace, oldest first."""

    run: JourneyRun
    lines: list[JourneyTraceLine]

    @classmethod
    def of(cls, record: records.Trace) -> Self:
        """From the record."""
        return cls(
            run=JourneyRun.of(record.run),
            lines=[
                JourneyTraceLine(
                    at=line.at,
                    step=line.visit.step_key or None,
                    kind=line.visit.kind,
                    outcome=line.visit.outcome,
                    detail=JSON(dict(line.visit.detail)),
                )
                for line in record.lines
            ],
        )


@strawberry.type
class JourneyQuery:
    """Journeys: the list, numbers, members inside and traces."""

    @query_field(requires=Scope.PROGRAMME_READ)
    async def journeys(self, info: Info) -> list[Journey] | None:
        """The programme's journeys as written, then those that were removed and have had members."""
        context = info.context
        programme, locale = await context.programme(), await context.language()
        default = programme.section(ProgrammeConfig).default_locale
        return [Journey.of(one, locale, default) for one in await queries.list_journeys(context.reader, programme)]

    @query_field(requires=Scope.PROGRAMME_READ)
    async def journey_figures(self, info: Info, key: str) -> JourneyFigures | None:
        """One journey in numbers. Null for a journey that there never was."""
        context = info.context
        programme = await context.programme()
        known = {one.journey_key for one in await queries.list_journeys(context.reader, programme)}
        if key not in known:
            return None
        return JourneyFigures.of(await queries.figures_of(context.reader, programme, key))

    @query_field(requires=Scope.MEMBERS_READ)
    async def journey_members(
        self, info: Info, key: str, step: str | None = None, first: int = 50, after: str | None = None
    ) -> Connection[JourneyRun] | None:
        """Members inside a journey; those at one step only, if it is named."""
        page = await queries.list_inside(info.context.reader, key, step, page_size(first), after)
        return connection(page, JourneyRun.of)

    @query_field(requires=Scope.MEMBERS_READ)
    async def journey_trace(
        self, info: Info, member_id: strawberry.ID, journey: str | None = None
    ) -> list[JourneyTrace] | None:
        """A member's way through their journeys, the newest run first: every step and the reason. Null if unknown."""
        found = ids.find_member_id(member_id)
        if found is None:
            return None
        return [JourneyTrace.of(one) for one in await queries.trace(info.context.reader, found, journey)]


@user_error(errors.JourneyNotFound)
class PauseJourneyUserError(UserError):
    """Why it was not paused."""


@strawberry.type
class PauseJourneyPayload:
    """The journey as it stands, or why it was not paused."""

    journey: Journey | None = None
    user_errors: list[PauseJourneyUserError] = strawberry.field(default_factory=list)


@strawberry.input
class PauseJourneyInput:
    """Which journey, and why."""

    journey_key: str
    reason: str = strawberry.field(description="For whoever wonders later; at most 500 characters, no personal data.")


@user_error(errors.JourneyNotFound)
class ResumeJourneyUserError(UserError):
    """Why it was not resumed."""


@strawberry.type
class ResumeJourneyPayload:
    """The journey as it stands, or why it was not resumed."""

    journey: Journey | None = None
    tried_again: int | None = strawberry.field(default=None, description="Members whose held step is tried again.")
    user_errors: list[ResumeJourneyUserError] = strawberry.field(default_factory=list)


@strawberry.input
class ResumeJourneyInput:
    """Which journey."""

    journey_key: str


@strawberry.type
class JourneyMutation:
    """Pausing journeys and resuming them."""

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def pause_journey(self, info: Info, input: PauseJourneyInput) -> PauseJourneyPayload | None:
        """Nobody enters it and nobody in it moves until it is resumed. What would have brought somebody in is not made
        up for."""
        context = info.context
        if len(input.reason) > REASON_LENGTH_MAX:
            raise InvalidInput(problem=f"A reason has at most {REASON_LENGTH_MAX} characters.", field="reason")
        programme = await context.programme()
        async with context.database.transaction() as tx:
            await commands.pause_journey(
                tx, programme, input.journey_key, _actor(context), input.reason, context.moment
            )
        return PauseJourneyPayload(journey=await _journey(context, input.journey_key))

    @mutation_field(requires=Scope.PROGRAMME_WRITE)
    async def resume_journey(self, info: Info, input: ResumeJourneyInput) -> ResumeJourneyPayload | None:
        """Let it go on: who is due goes on at once, and members whose step was held try again."""
        context = info.context
        programme = await context.programme()
        async with context.database.transaction() as tx:
            again = await commands.resume_journey(tx, programme, input.journey_key, context.moment)
        return ResumeJourneyPayload(journey=await _journey(context, input.journey_key), tried_again=again)


async def _journey(context: Context, key: str) -> Journey | None:
    programme, locale = await context.programme(), await context.language()
    listed = await queries.list_journeys(context.database.reader, programme)
    default = programme.section(ProgrammeConfig).default_locale
    return next((Journey.of(one, locale, default) for one in listed if one.journey_key == key), None)


def _counts(counts: "dict[str, int] | object") -> list[JourneyCount]:
    found = cast("dict[str, int]", counts)
    return [JourneyCount(key=key, count=count) for key, count in sorted(found.items())]


def _actor(context: Context) -> str:
    return f"staff:{cast(StaffPrincipal, context.principal).key_id}"
