"""Section `surveys` of the programme file: short questions, when they are asked, and what an answer is worth."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.programme.types import Amount, Dates, Defines, Items, Key, Section, Text
from fedele.kernel.vocabulary import MemberCondition, PurchaseCondition


class QuestionBase(Section):
    """What every question has."""

    key: Key
    text: Text
    help: Text | None = None
    required: bool = True


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
    preference: Key | None = None
    """The answer becomes this preference of the member."""


class Multiple(QuestionBase):
    """Some of several."""

    type: Literal["multiple"]
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=30)
    choices_max: int | None = Field(default=None, ge=1)
    preference: Key | None = None


class FreeText(QuestionBase):
    """The member's own words."""

    type: Literal["text"]
    length_max: int = Field(default=500, ge=1, le=4_000)
    required: bool = False


Question = Annotated[Nps | Csat | Rating | Single | Multiple | FreeText, Field(discriminator="type")]


class AfterPurchase(Section):
    """Asked some time after a purchase, and not after each."""

    type: Literal["after_purchase"]
    when: PurchaseCondition | None = None
    """CEL over purchase, member, now."""
    delay_minutes: int = Field(default=60, ge=0, le=60 * 24 * 60)
    open_days: int = Field(default=7, ge=1, le=365)
    """For how long it can be answered."""
    every_days: int = Field(default=90, ge=0, le=3_650)
    """At least so many days between two of this survey for one member."""


class Always(Section):
    """Open to everybody who has not answered."""

    type: Literal["always"]
    dates: Dates = Dates()


SurveyTrigger = Annotated[AfterPurchase | Always, Field(discriminator="type")]


class Survey(Section):
    """One survey."""

    key: Annotated[Key, Defines("survey")]
    title: Text
    intro: Text | None = None
    thanks: Text | None = None
    questions: tuple[Question, ...] = Field(min_length=1, max_length=20)
    trigger: SurveyTrigger
    when: MemberCondition | None = None
    """CEL over member and now: who is asked."""
    reward: Amount | None = None
    """What a complete answer earns, once."""

    @model_validator(mode="after")
    def _keys_differ(self) -> "Survey":
        keys = [question.key for question in self.questions]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"two questions have the key '{key}'")
        return self


class SurveysConfig(Items[Survey]):
    """Section `surveys`."""

    def find(self, key: str) -> Survey | None:
        """The survey of this key, or None."""
        return next((survey for survey in self.root if survey.key == key), None)
