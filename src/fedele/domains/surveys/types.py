"""The records of surveys."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

from fedele.domains.surveys.config import Survey
from fedele.kernel.ids import MemberId

AnswerId = NewType("AnswerId", UUID)

# Question key → number (nps, csat, rating), choice key (single), list of choice keys (multiple) or text.
Answers = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class RecentPurchase:
    """A purchase as a trigger's condition sees it."""

    purchase_id: UUID
    occurred_at: datetime
    values: Mapping[str, Any]  # the names below `purchase`


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """What a member did that decides which surveys are open."""

    purchases: tuple[RecentPurchase, ...] = ()  # newest first
    answered: Mapping[str, tuple[tuple[str, datetime], ...]] = dataclasses.field(default_factory=dict)
    """Survey key → (occasion, when) of each answer."""


@dataclasses.dataclass(frozen=True, slots=True)
class OpenSurvey:
    """A survey that the member can answer now. `occasion` is the purchase it asks about, or ''."""

    survey: Survey
    occasion: str
    closes_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was kept, and what it earned (scaled units of the currency; 0: nothing)."""

    id: AnswerId
    member_id: MemberId
    survey_key: str
    occasion: str
    answered_at: datetime
    currency: str | None = None
    units: int = 0
