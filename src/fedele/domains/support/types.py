"""The records of support."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NewType, TypeAlias
from uuid import UUID

from fedele.kernel.ids import MemberId

CaseId = NewType("CaseId", UUID)

SourceKind: TypeAlias = Literal["survey", "review", "event"]
CaseState: TypeAlias = Literal["open", "in_progress", "waiting", "resolved", "closed", "reopened"]
CASE_STATES: tuple[CaseState, ...] = ("open", "in_progress", "waiting", "resolved", "closed", "reopened")
OPEN_STATES: tuple[CaseState, ...] = ("open", "in_progress", "waiting", "reopened")
MakeGoodOutcome: TypeAlias = Literal["given", "limit", "budget", "out_of_stock"]
Label: TypeAlias = Literal["negative", "neutral", "positive"]


@dataclasses.dataclass(frozen=True, slots=True)
class Feeling:
    """How a text feels: three probabilities that sum to one."""

    negative: float
    neutral: float
    positive: float

    @property
    def label(self) -> Label:
        """The most probable of the three."""
        best = max(self.negative, self.neutral, self.positive)
        return "negative" if self.negative == best else "positive" if self.positive == best else "neutral"


@dataclasses.dataclass(frozen=True, slots=True)
class Analysed:
    """What a model makes of one text: how it feels, and how like each example it is (cosine, in order)."""

    feeling: Feeling
    likeness: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What was read out of one text. `feeling` is None where no model was at hand."""

    part: str
    language: str | None
    feeling: Feeling | None
    model: str | None
    themes: tuple[str, ...]
    urgent_for: tuple[str, ...]
    contradicts: bool = False

    @property
    def urgent(self) -> bool:
        """Whether somebody should look at once."""
        return bool(self.urgent_for)


@dataclasses.dataclass(frozen=True, slots=True)
class Scores:
    """The scores that came with the words. Shares are from 0 (worst) to 1 (best): the lowest score, and the highest."""

    nps: int | None = None
    csat: int | None = None
    stars: float | None = None
    share: float | None = None
    best_share: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Feedback:
    """What a member told us at once: where, with which scores, and what was read out of the words."""

    member_id: MemberId
    kind: SourceKind
    source_id: UUID
    given_at: datetime
    survey: str | None = None
    scores: Scores = Scores()
    readings: tuple[Reading, ...] = ()

    @property
    def urgent(self) -> bool:
        """Whether any of the texts is."""
        return any(one.urgent for one in self.readings)

    @property
    def contradicts(self) -> bool:
        """Whether any of the texts contradicts the scores."""
        return any(one.contradicts for one in self.readings)


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote about a case; `shown` to the member."""

    at: datetime
    actor: str
    shown: bool
    words: str


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """A move of a case."""

    at: datetime
    actor: str
    from_state: CaseState | None
    to_state: CaseState
    assignee: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class MakeGoodRecord:
    """A make-good that was considered. Units are scaled integers of the currency."""

    rule: str
    cause_kind: SourceKind
    cause_id: UUID
    outcome: MakeGoodOutcome
    currency: str | None
    units: int
    redemption_id: UUID | None
    decided_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """Somebody is unhappy, and somebody of ours answers for it."""

    id: CaseId
    member_id: MemberId
    rule: str
    source_kind: SourceKind
    source_id: UUID
    state: CaseState
    urgency: int
    owner: str
    assignee: str | None
    opened_at: datetime
    due_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    evidence: Mapping[str, Any]
    programme_version: int
    overdue_at: datetime | None = None  # when it was announced that nobody had resolved it in time
    notes: tuple[Note, ...] = ()
    make_goods: tuple[MakeGoodRecord, ...] = ()

    @property
    def shown_note(self) -> str | None:
        """The latest words for the member."""
        return next((note.words for note in reversed(self.notes) if note.shown), None)
