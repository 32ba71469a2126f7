"""What surveys announce: that somebody was asked, and what figures they gave. Never anybody's words."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from fedele.kernel.event import Event

ScoreKind = Literal["nps", "csat", "rating"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score:
    """A figure that somebody gave, and the best that can be given: 10, 5, or the rating's scale."""

    kind: ScoreKind
    value: int
    best: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class SurveyOpened(Event):
    """A survey was opened to a member."""

    kind: ClassVar[str] = "surveys.opened"
    survey_key: str
    occasion: str
    closes_at: datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class SurveyAnswered(Event):
    """A member answered a survey completely; `edited`: changed an earlier answer.

    `scores` by question key; `texts` are the keys of questions answered in words, which stay where they are.
    """

    kind: ClassVar[str] = "surveys.answered"
    answer_id: UUID
    survey_key: str
    occasion: str = ""
    store_id: str | None = None
    scores: Mapping[str, Score] = dataclasses.field(default_factory=dict)
    texts: tuple[str, ...] = ()
    edited: bool = False
