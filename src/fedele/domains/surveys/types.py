"""The records of surveys."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NewType, TypeAlias
from uuid import UUID

from fedele.domains.surveys.config import Question, Survey
from fedele.domains.surveys.figures import Estimate, NpsFigures
from fedele.kernel.ids import MemberId

__all__ = [
    "Answer", "AnswerId", "Answers", "Estimate", "GroupBy", "Hindrance", "Invitation", "InvitationState", "NpsFigures",
    "OpenSurvey", "Past", "QuestionFigures", "SurveyFigures", "public_id",
]  # fmt: skip

AnswerId = NewType("AnswerId", UUID)

# Question key → number (nps, csat, rating), choice key (single), list of choice keys (multiple), choice key by row
# (matrix) or text. In what a phone sends, None takes an answer away.
Answers = Mapping[str, Any]

InvitationState: TypeAlias = Literal["waiting", "open", "skipped", "answered", "expired"]
Hindrance: TypeAlias = Literal[
    "gone", "inactive", "not_meant", "times", "asked_lately", "quiet", "limit", "open", "late", "returned"
]
"""Why a member was not asked: the survey left the programme; the member is no longer one; `when` did not hold;
`times_max`, `every_days`, `quiet_days`, `asked_max`, `open_max`; its time was over; the purchase came back."""


GroupBy: TypeAlias = Literal["all", "store", "tier", "segment", "day", "week", "month"]


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer that was kept, and what it earned (scaled units of the currency; 0: nothing)."""

    id: AnswerId
    member_id: MemberId
    survey_key: str
    occasion: str
    answered_at: datetime
    answers: Answers = dataclasses.field(default_factory=dict, hash=False)
    edits: int = 0
    currency: str | None = None
    units: int = 0
    redemption_id: UUID | None = None

    def editable_until(self, survey: Survey) -> datetime:
        """Until when it can be changed: the instant of the answer where the survey allows no changes."""
        return self.answered_at + timedelta(hours=survey.edit_hours)


@dataclasses.dataclass(frozen=True, slots=True)
class Invitation:
    """A survey that is, was or will be open to a member. `occasion` is the purchase or visit it asks about, or ''."""

    member_id: MemberId
    survey_key: str
    occasion: str
    state: InvitationState
    due_at: datetime  # when it was to open; `opens_at` is later where it waits for its turn
    opens_at: datetime
    closes_at: datetime | None
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    store_id: str | None = None
    draft: Answers | None = dataclasses.field(default=None, hash=False)
    answer: Answer | None = None

    def closed(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.closes_at is not None and now >= self.closes_at


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """What decides which surveys are open: the member's invitations that were not skipped, oldest first."""

    invitations: tuple[Invitation, ...] = ()

    def find(self, survey_key: str, occasion: str) -> Invitation | None:
        """The invitation of this occasion, or None."""
        return next((i for i in self.invitations if (i.survey_key, i.occasion) == (survey_key, occasion)), None)

    def of(self, survey_key: str) -> tuple[Invitation, ...]:
        """Those of one survey."""
        return tuple(i for i in self.invitations if i.survey_key == survey_key)


@dataclasses.dataclass(frozen=True, slots=True)
class OpenSurvey:
    """A survey that the member can answer now, with what is answered so far; or one whose answer can be changed."""

    survey: Survey
    occasion: str
    closes_at: datetime | None
    draft: Answers = dataclasses.field(default_factory=dict, hash=False)
    answer: Answer | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """The keys of the questions to ask, given the answers so far."""
        return self.survey.branches.asked(self.answer.answers if self.answer else self.draft)


@dataclasses.dataclass(frozen=True, slots=True)
class QuestionFigures:
    """What the answers to one question come to. `counts`: value → how often; of words there is only a count."""

    question: Question
    answers: int
    counts: Mapping[str, int]
    nps: NpsFigures | None = None
    csat: Estimate | None = None
    mean: Estimate | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SurveyFigures:
    """What a group of members was asked and answered. `key` names the group; '' is all, or those without one."""

    key: str
    opened: int
    started: int
    answered: int
    response_rate: Estimate | None  # answered of opened, per cent
    completion_rate: Estimate | None  # answered of started, per cent
    questions: tuple[QuestionFigures, ...]


def public_id(survey_key: str, occasion: str) -> str:
    """The API's id of an open survey, for deep links in messages."""
    return f"survey_{f'{survey_key}:{occasion}'.encode().hex()}"
