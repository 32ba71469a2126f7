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
    choices_max: int | None
    length_max: int | None

    @classmethod
    def of(cls, question: config.Question, speaker: Speaker) -> Self:
        """From the programme file."""
        choices = question.choices if isinstance(question, config.Single | config.Multiple) else ()
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
            choices_max=question.choices_max if isinstance(question, config.Multiple) else None,
            length_max=question.length_max if isinstance(question, config.FreeText) else None,
        )


@strawberry.type
class Survey(Node):
    """A survey that the member can answer now. Its id names the occasion too: the purchase it is about."""

    key: str
    title: str
    intro: str | None
    thanks: str | None
    closes_at: datetime | None
    reward: Price | None = strawberry.field(description="What a complete answer earns, once.")
    questions: list[SurveyQuestion]

    @classmethod
    def of(cls, asked: records.OpenSurvey, programme: Programme, locale: str) -> Self:
        """From the record."""
        survey, speaker = asked.survey, Speaker(programme, locale)
        return cls(
            id=ids.key_id(SURVEY, f"{survey.key}:{asked.occasion}"),
            key=survey.key,
            title=speaker.say(survey.title),
            intro=speaker.maybe(survey.intro),
            thanks=speaker.maybe(survey.thanks),
            closes_at=asked.closes_at,
            reward=Price(currency=survey.reward.currency, amount=survey.reward.amount) if survey.reward else None,
            questions=[SurveyQuestion.of(question, speaker) for question in survey.questions],
        )


@strawberry.type
class SurveyFields(MemberBase):
    """Surveys' part of Member."""

    @strawberry.field
    async def surveys(self, info: Info) -> list[Survey]:
        """The surveys that this member can answer now."""
        return await _open(info.context, self.member_id)


async def fetch_survey(context: Context, text: strawberry.ID) -> Survey | None:
    """A survey by its id, while it is open to this member."""
    return next((survey for survey in await _open(context, context.member_id) if survey.id == text), None)


async def _open(context: Context, member_id: MemberId) -> list[Survey]:
    standing = await standing_of(context, member_id)
    past = await queries.past_of(context.reader, standing.programme, member_id, context.moment)
    asked = queries.open_surveys(standing.programme, standing.facts, standing.tier, past, context.moment)
    return [Survey.of(one, standing.programme, standing.locale) for one in asked]


@user_error(errors.SurveyClosed, errors.AnswerIncomplete, errors.AnswerInvalid)
class AnswerSurveyUserError(UserError):
    """Why the answer was not taken."""


@strawberry.type
class AnswerSurveyPayload:
    """What the answer earned, or why it was not taken."""

    earned: Price | None = None
    thanks: str | None = None
    user_errors: list[AnswerSurveyUserError] = strawberry.field(default_factory=list)


@strawberry.input
class SurveyAnswerInput:
    """The answer to one question: exactly one of number, choice, choices, text."""

    question: str
    number: int | None = None
    choice: str | None = None
    choices: list[str] | None = None
    text: str | None = None

    def value(self) -> Any:
        """The one that is given. Raises InvalidInput for none, or more than one."""
        given = [value for value in (self.number, self.choice, self.choices, self.text) if value is not None]
        if len(given) != 1:
            problem = f"The answer to '{self.question}' needs exactly one of number, choice, choices, text."
            raise InvalidInput(problem=problem, field="answers")
        return given[0]


@strawberry.input
class AnswerSurveyInput:
    """A complete answer. The survey's id names the occasion, so that repeating the call earns nothing twice."""

    survey_id: strawberry.ID
    answers: list[SurveyAnswerInput]


@strawberry.type
class SurveyMutation:
    """What members do with surveys."""

    @mutation_field(requires=MEMBER)
    async def answer_survey(self, info: Info, input: AnswerSurveyInput) -> AnswerSurveyPayload | None:
        """Answer a survey completely. Repeating the call returns what the first answer earned."""
        context, member_id = info.context, info.context.member_id
        key, _, occasion = ids.key_of(SURVEY, input.survey_id, field="surveyId").partition(":")
        answers = {answer.question: answer.value() for answer in input.answers}
        programme = await context.programme()
        async with context.database.transaction() as tx:
            record = await commands.answer_survey(tx, programme, member_id, key, occasion, answers, context.moment)
        survey = programme.section(config.SurveysConfig).find(key)
        thanks = Speaker(programme, await context.language()).maybe(survey.thanks) if survey else None
        return AnswerSurveyPayload(earned=_earned(record, programme), thanks=thanks)


def _earned(record: records.Answer, programme: Programme) -> Price | None:
    if record.currency is None or not record.units:
        return None
    decimals = programme.section(Currencies).get(record.currency).decimals
    return Price(currency=record.currency, amount=from_units(record.units, decimals))
