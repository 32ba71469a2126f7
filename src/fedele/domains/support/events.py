"""What support announces: that and which, never a word that somebody wrote."""

import dataclasses
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaseOpened(Event):
    """A case was opened for a member."""

    kind: ClassVar[str] = "support.case_opened"
    case_id: UUID
    rule: str
    urgency: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaseMoved(Event):
    """A case is in another state, or in other hands."""

    kind: ClassVar[str] = "support.case_moved"
    case_id: UUID
    state: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaseOverdue(Event):
    """Nobody resolved a case in time: announced once a case."""

    kind: ClassVar[str] = "support.case_overdue"
    case_id: UUID
    rule: str
    owner: str
    urgency: int
    due_at: datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class CaseResolved(Event):
    """Something was done about a case; `outcome` is the programme's word for what."""

    kind: ClassVar[str] = "support.case_resolved"
    case_id: UUID
    outcome: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class MakeGoodGiven(Event):
    """Something was given for bad service."""

    kind: ClassVar[str] = "support.make_good_given"
    rule: str
    cause_id: UUID
    currency: str | None = None
    units: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class PublicReviewAsked(Event):
    """A happy member is asked for a review in public, for the first and last time."""

    kind: ClassVar[str] = "support.review_asked"
    ask_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferralAsked(Event):
    """A member had a good moment and is asked to bring a friend."""

    kind: ClassVar[str] = "support.referral_asked"
    ask_id: UUID
    because: str
