"""Sections `surveys` and `survey_limits` of the programme file: questions, who is asked when, and what it is worth."""

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fedele.domains.prizes.config import Prize
from fedele.domains.programme.types import Amount, Dates, Defines, Items, Key, PlaceRef, RewardRef, Section, Text
from fedele.domains.segments.config import SegmentRef
from fedele.domains.surveys.branching import Asked, Branches
from fedele.kernel.vocabulary import EventCondition, MemberCondition, PurchaseCondition


class QuestionBase(Section):
    """What every question has."""

    key: Key
    text: Text
    help: Text | None = None
    required: bool = True
    when: str | None = None
    """CEL over `answers.<key of an earlier question>`: asked only if it holds. A question without it is always asked.
    `answers.recommend <= 6`, `'price' in answers.liked`, `answers.service['waiting'] == 'bad'`."""
    preference: Key | None = None
    """The answer becomes this preference of the member."""
    values: dict[str, str | bool | int | Decimal] = Field(default_factory=dict)
    """What the preference becomes for an answer: `{every_day: true}`. An answer that is not named is taken as it is."""


class Nps(QuestionBase):
    """How likely to recommend, 0 to 10."""

    type: Literal["nps"]
    low: Text | None = None
    high: Text | None = None


class Csat(QuestionBase):
    """How satisfied, 1 to 5."""

    type: Literal["csat"]


class Rating(QuestionBase):
    """Stars, 1 to `scale`."""

    type: Literal["rating"]
    scale: int = Field(default=5, ge=2, le=10)


class Choice(Section):
    """One answer to choose."""

    key: Key
    text: Text


class Single(QuestionBase):
    """One of several."""

    type: Literal["single"]
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=30)


class Multiple(QuestionBase):
    """Some of several."""

    type: Literal["multiple"]
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=30)
    choices_max: int | None = Field(default=None, ge=1)


class Matrix(QuestionBase):
    """One of the same choices for each of several things."""

    type: Literal["matrix"]
    rows: tuple[Choice, ...] = Field(min_length=1, max_length=20)
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=10)


class FreeText(QuestionBase):
    """The member's own words."""

    type: Literal["text"]
    length_max: int = Field(default=500, ge=1, le=4_000)
    required: bool = False


Question = Annotated[Nps | Csat | Rating | Single | Multiple | Matrix | FreeText, Field(discriminator="type")]


class TriggerBase(Section):
    """What every trigger has that something brings about."""

    delay_minutes: int = Field(default=60, ge=0, le=60 * 24 * 366)
    """So long after what happened it opens."""
    open_days: int = Field(default=7, ge=1, le=365)
    """For how long it can be answered."""
    every_days: int = Field(default=90, ge=0, le=3_650)
    """At least so many days between two of this survey for one member, answered or not."""


class AfterPurchase(TriggerBase):
    """Asked some time after a purchase, and not after each. One that came back whole is not asked about."""

    type: Literal["after_purchase"]
    when: PurchaseCondition | None = None
    """CEL over purchase, member, now."""


class AfterVisit(TriggerBase):
    """Asked after a visit: a purchase in a store, or an event that is a visit too. One a day and store."""

    type: Literal["after_visit"]
    stores: tuple[PlaceRef, ...] = ()
    """Only there; without any, everywhere."""
    events: tuple[Key, ...] = ("check_in",)
    """Events that are a visit."""


class AfterRedemption(TriggerBase):
    """Asked after a reward was taken, or used."""

    type: Literal["after_redemption"]
    on: Literal["taken", "used"] = "used"
    rewards: tuple[RewardRef, ...] = ()
    """Only these; without any, all."""


class AfterJoining(TriggerBase):
    """Asked so many days after the member joined, once."""

    type: Literal["after_joining"]
    days: int = Field(ge=0, le=3_650)
    delay_minutes: int = Field(default=0, ge=0, le=24 * 60)


class AfterEvent(TriggerBase):
    """Asked after an event that an app, a till or another system recorded."""

    type: Literal["after_event"]
    event: Key
    when: EventCondition | None = None
    """CEL over event, member, now."""


class OnSegment(TriggerBase):
    """Asked when the member enters a segment: those who redeem nothing, those about to leave."""

    type: Literal["on_segment"]
    segment: SegmentRef
    delay_minutes: int = Field(default=0, ge=0, le=60 * 24 * 366)


class OnDemand(TriggerBase):
    """Asked when a journey, support or another system says so, and never by itself."""

    type: Literal["on_demand"]
    delay_minutes: int = Field(default=0, ge=0, le=60 * 24 * 366)


class Always(Section):
    """Open to everybody who has not answered. Nobody is told."""

    type: Literal["always"]
    dates: Dates = Dates()


SurveyTrigger = Annotated[
    AfterPurchase | AfterVisit | AfterRedemption | AfterJoining | AfterEvent | OnSegment | OnDemand | Always,
    Field(discriminator="type"),
]


class Sample(Section):
    """Only some are asked: `{percent: 20}`. Who is drawn follows from the survey's key and the member."""

    percent: Decimal = Field(gt=0, le=100)
    by: Literal["occasions", "members"] = "occasions"
    """`occasions`: drawn anew for each purchase or visit. `members`: some members always, the others never."""


class Survey(Section):
    """One survey."""

    key: Annotated[Key, Defines("survey")]
    title: Text
    intro: Text | None = None
    thanks: Text | None = None
    questions: tuple[Question, ...] = Field(min_length=1, max_length=20)
    trigger: SurveyTrigger
    when: MemberCondition | None = None
    """CEL over member and now, judged when it opens: who is asked."""
    sample: Sample | None = None
    times_max: int | None = Field(default=None, ge=1)
    """One member is asked so often in all."""
    wait_days: int = Field(default=0, ge=0, le=90)
    """Where `survey_limits` stand in the way it waits so long for its turn; 0: then it is not asked."""
    exempt: bool = False
    """Asked in spite of `survey_limits`: for what the member waits to be asked about."""
    edit_hours: int = Field(default=0, ge=0, le=24 * 31)
    """An answer can be changed for so long. The reward stays as it is."""
    reward: Amount | None = None
    """Units that a complete answer earns, once."""
    prize: Prize | None = None
    """Instead of `reward`: a prize, which may hold a reward too."""

    @model_validator(mode="after")
    def _well_formed(self) -> "Survey":
        keys = [question.key for question in self.questions]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"two questions have the key '{key}'")
        if self.reward is not None and self.prize is not None:
            raise ValueError("set `reward` or `prize`, not both")
        self.branches.check()
        return self

    @property
    def gives(self) -> Prize | None:
        """What a complete answer brings."""
        return self.prize or (Prize(units=self.reward) if self.reward is not None else None)

    @cached_property
    def branches(self) -> Branches:
        """Which questions are asked, given answers."""
        return Branches(self.key, tuple(_asked(question) for question in self.questions))

    @property
    def words(self) -> frozenset[str]:
        """The keys of the questions that are answered in words."""
        return frozenset(question.key for question in self.questions if isinstance(question, FreeText))

    def question(self, key: str) -> Question | None:
        """The question of this key, or None."""
        return next((question for question in self.questions if question.key == key), None)


class SurveysConfig(Items[Survey]):
    """Section `surveys`."""

    def find(self, key: str) -> Survey | None:
        """The survey of this key, or None."""
        return next((survey for survey in self.root if survey.key == key), None)


class SurveyLimits(Section):
    """Section `survey_limits`: how much asking one member bears, all surveys together. Those that are always open and
    those that are exempt do not count."""

    asked_max: int | None = Field(default=None, ge=1)
    """At most so many surveys are opened to one member within `days`."""
    days: int = Field(default=30, ge=1, le=366)
    quiet_days: int = Field(default=0, ge=0, le=366)
    """After one was opened or answered, no other opens for so many days."""
    open_max: int = Field(default=3, ge=1, le=20)
    """At most so many are open to one member at the same time."""


def _asked(question: Question) -> Asked:
    """What branching knows of a question."""
    match question:
        case Nps():
            values: tuple[Any, ...] = tuple(range(11))
        case Csat():
            values = tuple(range(1, 6))
        case Rating():
            values = tuple(range(1, question.scale + 1))
        case Single() | Multiple() | Matrix():
            values = tuple(choice.key for choice in question.choices)
        case FreeText():
            values = ()
    rows = tuple(row.key for row in question.rows) if isinstance(question, Matrix) else ()
    most = question.choices_max if isinstance(question, Multiple) else None
    return Asked(question.key, question.type, question.when, question.required, values, rows, most)
