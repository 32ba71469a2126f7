"""Surveys in the staff schema: what answers come to, who was asked and why not, and asking somebody."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self, cast

import strawberry

from fedele.api import ids
from fedele.api.context import Info
from fedele.api.errors import BadInput, UserError, user_error
from fedele.api.permissions import mutation_field, query_field
from fedele.domains.auth.types import Scope
from fedele.domains.members.queries import find_member
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.surveys import commands, config, queries
from fedele.domains.surveys import types as records
from fedele.domains.surveys.types import Estimate, GroupBy, QuestionFigures, SurveyFigures
from fedele.kernel.refusal import InvalidInput, NotFound

FIRST_MAX = 200


@strawberry.enum(name="SurveyGrouping", description="How the figures are taken apart.")
class SurveyGrouping(Enum):
    """Groupings."""

    ALL = "all"
    STORE = "store"
    TIER = strawberry.enum_value("tier", description="The member's tier when they were asked.")
    SEGMENT = strawberry.enum_value(
        "segment", description="The segments that the member was in when they were asked; one in two counts in both."
    )
    DAY = "day"
    WEEK = strawberry.enum_value("week", description="From Monday, in the programme's time zone; its first day.")
    MONTH = "month"


@strawberry.type
class SurveyEstimate:
    """A figure with the interval that holds the true one 95 times in 100."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, estimate: Estimate | None) -> Self | None:
        """From the record, to two decimals."""
        if estimate is None:
            return None
        return cls(value=round(estimate.value, 2), low=round(estimate.low, 2), high=round(estimate.high, 2))


@strawberry.type
class SurveyAnswerCount:
    """How often an answer was given."""

    value: str = strawberry.field(description="A number, a choice's key, or `row:choice`.")
    answers: int


@strawberry.type
class SurveyQuestionFigures:
    """What the answers to one question come to."""

    question: str
    type: str
    text: str
    answers: int = strawberry.field(description="How many answered it.")
    counts: list[SurveyAnswerCount] = strawberry.field(description="Empty for free text.")
    promoters: int | None = strawberry.field(description="NPS: 9 and 10.")
    passives: int | None = strawberry.field(description="NPS: 7 and 8.")
    detractors: int | None = strawberry.field(description="NPS: 0 to 6.")
    nps: SurveyEstimate | None = strawberry.field(
        description="Promoters less detractors, in points from -100 to 100; adjusted Wald interval."
    )
    csat: SurveyEstimate | None = strawberry.field(description="CSAT: per cent of 4s and 5s; Wilson's interval.")
    mean: SurveyEstimate | None = strawberry.field(description="Of numbers.")

    @classmethod
    def of(cls, record: QuestionFigures, locale: str, default: str) -> Self:
        """From the record."""
        found = record.nps
        return cls(
            question=record.question.key,
            type=record.question.type,
            text=record.question.text.in_locale(locale, default),
            answers=record.answers,
            counts=[SurveyAnswerCount(value=value, answers=count) for value, count in record.counts.items()],
            promoters=found.promoters if found else None,
            passives=found.passives if found else None,
            detractors=found.detractors if found else None,
            nps=SurveyEstimate.of(found.score if found else None),
            csat=SurveyEstimate.of(record.csat),
            mean=SurveyEstimate.of(record.mean),
        )


@strawberry.type
class SurveyGroupFigures:
    """What a group of members was asked and answered."""

    key: str = strawberry.field(description="The store, tier, segment, day, week or month; '' for all, or for none.")
    opened: int = strawberry.field(description="Surveys that were opened to members.")
    started: int
    answered: int
    response_rate: SurveyEstimate | None = strawberry.field(description="Answered of opened, in per cent.")
    completion_rate: SurveyEstimate | None = strawberry.field(description="Answered of started, in per cent.")
    questions: list[SurveyQuestionFigures]

    @classmethod
    def of(cls, record: SurveyFigures, locale: str, default: str) -> Self:
        """From the record."""
        return cls(
            key=record.key,
            opened=record.opened,
            started=record.started,
            answered=record.answered,
            response_rate=SurveyEstimate.of(record.response_rate),
            completion_rate=SurveyEstimate.of(record.completion_rate),
            questions=[SurveyQuestionFigures.of(one, locale, default) for one in record.questions],
        )


@strawberry.type
class SurveyReport:
    """The figures of a survey: of what was opened from `since` until before `until`."""

    survey: str
    title: str
    since: datetime
    until: datetime
    groups: list[SurveyGroupFigures]


@strawberry.type
class SurveyInvitation:
    """A survey that a member was, is or will be asked, or was not asked."""

    survey: str
    occasion: str = strawberry.field(description="What it asks about: the id of a purchase, a day and store, or ''.")
    state: str = strawberry.field(description="waiting, open, answered, expired, skipped.")
    reason: str | None = strawberry.field(
        description="Why it was skipped: not_meant, times, asked_lately, quiet, limit, open, late, returned, inactive, "
        "gone."
    )
    due_at: datetime
    opened_at: datetime | None
    answered_at: datetime | None


@strawberry.type
class SurveyQuery:
    """Surveys' root queries."""

    @query_field(requires=Scope.REPORTS_READ)
    async def survey_report(
        self,
        info: Info,
        survey: str,
        since: datetime,
        until: datetime,
        by: SurveyGrouping = SurveyGrouping.ALL,
    ) -> SurveyReport | None:
        """Response, NPS, CSAT, means and counts of one survey; null when the programme has no such survey."""
        context = info.context
        if since.tzinfo is None or until.tzinfo is None or since >= until:
            raise BadInput("`since` lies before `until`, and both have a UTC offset")
        programme, locale = await context.programme(), await context.language()
        found = programme.section(config.SurveysConfig).find(survey)
        if found is None:
            return None
        group_by = cast(GroupBy, by.value)
        groups = await queries.report(context.reader, programme, found, since, until, group_by)
        default = programme.section(ProgrammeConfig).default_locale
        return SurveyReport(
            survey=found.key,
            title=found.title.in_locale(locale, default),
            since=since,
            until=until,
            groups=[SurveyGroupFigures.of(group, locale, default) for group in groups],
        )

    @query_field(requires=Scope.MEMBERS_READ)
    async def survey_invitations(
        self,
        info: Info,
        member_id: strawberry.ID,
        first: Annotated[int, strawberry.argument(description="At most 200.")] = 50,
    ) -> list[SurveyInvitation] | None:
        """What a member was asked, and what not and why, the newest first. Null for nobody."""
        member = ids.find_member_id(member_id)
        if member is None:
            return None
        rows = await queries.track_record(info.context.reader, member, max(1, min(first, FIRST_MAX)))
        return [_invitation(row) for row in rows]


@user_error()
class AskSurveyUserError(UserError):
    """Why nobody was asked."""


@strawberry.type
class AskSurveyPayload:
    """The invitation; null where targeting, the sample or a limit stood in the way."""

    invitation: SurveyInvitation | None = None
    user_errors: list[AskSurveyUserError] = strawberry.field(default_factory=list)


@strawberry.input
class AskSurveyInput:
    """Whom to ask what, and about which occasion: repeating it asks once."""

    member_id: strawberry.ID
    survey: str = strawberry.field(description="The survey's key.")
    occasion: str = strawberry.field(description="Names the occasion once: a case, a call; at most 56 characters.")


@strawberry.type
class SurveyMutation:
    """What staff and other systems do with surveys."""

    @mutation_field(requires=Scope.MEMBERS_WRITE)
    async def ask_survey(self, info: Info, input: AskSurveyInput) -> AskSurveyPayload | None:
        """Open a survey to a member, unless its sample, its conditions or the limits say no."""
        context, member_id = info.context, ids.member_id_of(input.member_id)
        programme = await context.programme()
        survey = programme.section(config.SurveysConfig).find(input.survey)
        if survey is None or isinstance(survey.trigger, config.Always):
            raise NotFound(what="survey", field="survey")
        if not 0 < len(input.occasion) <= commands.OCCASION_LENGTH_MAX:
            raise InvalidInput(problem="The occasion has 1 to 56 characters.", field="occasion")
        async with context.database.transaction() as tx:
            if await find_member(tx, member_id) is None:
                raise NotFound(what="member", field="memberId")
            asked = await commands.open_survey(
                tx, programme, member_id, survey.key, input.occasion, context.moment, None
            )
        return AskSurveyPayload(invitation=_of_record(asked) if asked else None)


def _invitation(row: dict[str, object]) -> SurveyInvitation:
    return SurveyInvitation(
        survey=cast(str, row["survey_key"]),
        occasion=cast(str, row["occasion"]),
        state=cast(str, row["state"]),
        reason=cast(str | None, row["reason"]),
        due_at=cast(datetime, row["due_at"]),
        opened_at=cast(datetime | None, row["opened_at"]),
        answered_at=cast(datetime | None, row["answered_at"]),
    )


def _of_record(record: records.Invitation) -> SurveyInvitation:
    return SurveyInvitation(
        survey=record.survey_key,
        occasion=record.occasion,
        state=record.state,
        reason=None,
        due_at=record.due_at,
        opened_at=record.opened_at,
        answered_at=record.answered_at,
    )
