"""Surveys in the members' schema: what is asked, and answering it."""

from datetime import datetime
from enum import Enum
from typing import Any, Self

import strawberry

from fedele.api import ids
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.member.programme import Speaker
from fedele.api.member.rewards import Price
from fedele.api.member.standing import standing_of
from fedele.api.node import Node
from fedele.api.permissions import MEMBER, mutation_field
from fedele.domains.programme.config import Currencies
from fedele.domains.programme.types import Programme
from fedele.domains.surveys import commands, config, errors, queries
from fedele.domains.surveys import types as records
from fedele.kernel.ids import MemberId
from fedele.kernel.money import from_units
from fedele.kernel.refusal import InvalidInput

SURVEY = "survey"


@strawberry.enum(description="How a question is answered.")
class QuestionType(Enum):
    """The kinds of questions."""

    NPS = strawberry.enum_value("nps", description="A number from 0 to 10.")
    CSAT = strawberry.enum_value("csat", description="A number from 1 to 5.")
    RATING = strawberry.enum_value("rating", description="A number from 1 to `scale`.")
    SINGLE = strawberry.enum_value("single", description="One of `choices`.")
    MULTIPLE = strawberry.enum_value("multiple", description="Some of `choices`.")
    MATRIX = strawberry.enum_value("matrix", description="One of `choices` for each of `rows`.")
    TEXT = strawberry.enum_value("text", description="The member's own words.")


@strawberry.type
class SurveyChoice:
    """One answer to choose."""

    key: str
    text: str


@strawberry.type
class SurveyQuestion:
    """One question."""

    key: str
    type: QuestionType
    text: str
    help: str | None
    required: bool
    low: str | None = strawberry.field(description="NPS: the words beside 0.")
    high: str | None = strawberry.field(description="NPS: the words beside 10.")
    scale: int | None = strawberry.field(description="RATING: the best.")
    choices: list[SurveyChoice]
    rows: list[SurveyChoice] = strawberry.field(description="MATRIX: the things that are judged.")
    choices_max: int | None
    length_max: int | None
    when: str | None = strawberry.field(
        description="It is asked only if this holds: CEL over `answers.<key>` of earlier questions, for apps that can "
        "judge it. Others save each step and follow `asked` of the survey."
    )

    @classmethod
    def of(cls, question: config.Question, speaker: Speaker) -> Self:
        """From the programme file."""
        choices = question.choices if isinstance(question, config.Single | config.Multiple | config.Matrix) else ()
        rows = question.rows if isinstance(question, config.Matrix) else ()
        return cls(
            key=question.key,
            type=QuestionType(question.type),
            text=speaker.say(question.text),
            help=speaker.maybe(question.help),
            required=question.required,
            low=speaker.maybe(question.low) if isinstance(question, config.Nps) else None,
            high=speaker.maybe(question.high) if isinstance(question, config.Nps) else None,
            scale=question.scale if isinstance(question, config.Rating) else None,
            choices=[SurveyChoice(key=choice.key, text=speaker.say(choice.text)) for choice in choices],
            rows=[SurveyChoice(key=row.key, text=speaker.say(row.text)) for row in rows],
            choices_max=question.choices_max if isinstance(question, config.Multiple) else None,
            length_max=question.length_max if isinstance(question, config.FreeText) else None,
            when=question.when,
        )


@strawberry.type
class SurveyMatrixAnswer:
    """What was chosen for one row."""

    row: str
    choice: str


@strawberry.type
class SurveyAnswer:
    """What the member answered to one question: one of number, choice, choices, matrix, text."""

    question: str
    number: int | None = None
    choice: str | None = None
    choices: list[str] | None = None
    matrix: list[SurveyMatrixAnswer] | None = None
    text: str | None = None

    @classmethod
    def of(cls, question: config.Question, value: Any) -> Self:
        """From what is kept."""
        match question:
            case config.Single():
                return cls(question=question.key, choice=value)
            case config.Multiple():
                return cls(question=question.key, choices=list(value))
            case config.Matrix():
                chosen = [SurveyMatrixAnswer(row=row, choice=choice) for row, choice in value.items()]
                return cls(question=question.key, matrix=chosen)
            case config.FreeText():
                return cls(question=question.key, text=value)
            case _:
                return cls(question=question.key, number=value)


@strawberry.type
class Survey(Node):
    """A survey that the member can answer now, or whose answer they can still change. Its id names the occasion too:
    the purchase or visit it is about."""

    key: str
    title: str
    intro: str | None
    thanks: str | None
    closes_at: datetime | None = strawberry.field(description="Until when it can be answered, or its answer changed.")
    reward: Price | None = strawberry.field(description="Units that a complete answer earns, once.")
    reward_key: str | None = strawberry.field(description="The reward that a complete answer brings, once.")
    questions: list[SurveyQuestion]
    asked: list[str] = strawberry.field(
        description="Keys of the questions to ask, in order, given the answers so far. It grows and shrinks with them."
    )
    answers: list[SurveyAnswer] = strawberry.field(description="What the member has answered so far: go on from here.")
    answered: bool = strawberry.field(description="It was answered completely; until `closesAt` it can be changed.")

    @classmethod
    def of(cls, asked: records.OpenSurvey, programme: Programme, locale: str) -> Self:
        """From the record."""
        survey, speaker = asked.survey, Speaker(programme, locale)
        units = survey.gives.units if survey.gives else None
        given = asked.answer.answers if asked.answer else asked.draft
        return cls(
            id=ids.key_id(SURVEY, f"{survey.key}:{asked.occasion}"),
            key=survey.key,
            title=speaker.say(survey.title),
            intro=speaker.maybe(survey.intro),
            thanks=speaker.maybe(survey.thanks),
            closes_at=asked.closes_at,
            reward=Price(currency=units.currency, amount=units.amount) if units else None,
            reward_key=survey.gives.reward if survey.gives else None,
            questions=[SurveyQuestion.of(question, speaker) for question in survey.questions],
            asked=list(asked.asked),
            answers=[SurveyAnswer.of(one, given[one.key]) for one in survey.questions if one.key in given],
            answered=asked.answer is not None,
        )


@strawberry.type
class SurveyFields(MemberBase):
    """Surveys' part of Member."""

    @strawberry.field
    async def surveys(self, info: Info, answered: bool = False) -> list[Survey]:
        """The surveys that this member can answer now; `answered`: also those whose answer can still be changed."""
        return await _open(info.context, self.member_id, answered=answered)


async def fetch_survey(context: Context, text: strawberry.ID) -> Survey | None:
    """A survey by its id, while this member can answer it or change the answer."""
    key, _, occasion = (ids.find_key(SURVEY, text) or "").partition(":")
    member_id = context.member_id
    standing = await standing_of(context, member_id)
    past = await queries.past_of(context.reader, member_id)
    one = queries.find_open(standing.programme, standing.facts, standing.tier, past, key, occasion, context.moment)
    return Survey.of(one, standing.programme, standing.locale) if one else None


async def _open(context: Context, member_id: MemberId, *, answered: bool) -> list[Survey]:
    standing = await standing_of(context, member_id)
    past = await queries.past_of(context.reader, member_id)
    asked = queries.open_surveys(
        standing.programme, standing.facts, standing.tier, past, context.moment, answered=answered
    )
    return [Survey.of(one, standing.programme, standing.locale) for one in asked]


@user_error(errors.SurveyClosed, errors.AnswerIncomplete, errors.AnswerInvalid, errors.AnswerFinal)
class AnswerSurveyUserError(UserError):
    """Why the answer was not taken."""


@strawberry.type
class AnswerSurveyPayload:
    """What the answer earned, or why it was not taken."""

    survey: Survey | None = strawberry.field(
        default=None, description="The survey with all that is kept; `asked` says what is to be asked next."
    )
    earned: Price | None = strawberry.field(default=None, description="What the complete answer earned.")
    thanks: str | None = None
    user_errors: list[AnswerSurveyUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SurveyMatrixAnswerInput:
    """What is chosen for one row."""

    row: str
    choice: str


@strawberry.input
class SurveyAnswerInput:
    """The answer to one question: one of number, choice, choices, matrix, text; none of them takes an answer away."""

    question: str
    number: int | None = None
    choice: str | None = None
    choices: list[str] | None = None
    matrix: list[SurveyMatrixAnswerInput] | None = None
    text: str | None = None

    def value(self) -> Any:
        """The one that is given, or None. Raises InvalidInput for more than one."""
        matrix = None if self.matrix is None else {one.row: one.choice for one in self.matrix}
        given = [value for value in (self.number, self.choice, self.choices, matrix, self.text) if value is not None]
        if len(given) > 1:
            problem = f"The answer to '{self.question}' is one of number, choice, choices, matrix, text."
            raise InvalidInput(problem=problem, field="answers")
        return given[0] if given else None


@strawberry.input
class AnswerSurveyInput:
    """Answers. The survey's id names the occasion, so that repeating the call earns nothing twice."""

    survey_id: strawberry.ID
    answers: list[SurveyAnswerInput]
    complete: bool = strawberry.field(
        default=True, description="False: keep these answers, there are more to come. What was kept before stays."
    )


@strawberry.type
class SurveyMutation:
    """What members do with surveys."""

    @mutation_field(requires=MEMBER)
    async def answer_survey(self, info: Info, input: AnswerSurveyInput) -> AnswerSurveyPayload | None:
        """Answer a survey, step by step or at once. Repeating a call changes nothing and earns nothing twice; other
        answers change the complete ones while the survey allows it."""
        context, member_id = info.context, info.context.member_id
        key, _, occasion = ids.key_of(SURVEY, input.survey_id, field="surveyId").partition(":")
        answers = {answer.question: answer.value() for answer in input.answers}
        programme = await context.programme()
        locale = await context.language()
        async with context.database.transaction() as tx:
            if not input.complete:
                kept = await commands.save_answers(tx, programme, member_id, key, occasion, answers, context.moment)
                return AnswerSurveyPayload(survey=Survey.of(kept, programme, locale))
            record = await commands.answer_survey(tx, programme, member_id, key, occasion, answers, context.moment)
        survey = programme.section(config.SurveysConfig).find(key)
        assert survey is not None, "it was just answered"
        done = records.OpenSurvey(survey, occasion, record.editable_until(survey), {}, record)
        return AnswerSurveyPayload(
            survey=Survey.of(done, programme, locale),
            earned=_earned(record, programme),
            thanks=Speaker(programme, locale).maybe(survey.thanks),
        )


def _earned(record: records.Answer, programme: Programme) -> Price | None:
    if record.currency is None or not record.units:
        return None
    decimals = programme.section(Currencies).get(record.currency).decimals
    return Price(currency=record.currency, amount=from_units(record.units, decimals))
