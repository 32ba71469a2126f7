"""The records of fraud. Money and units in a case's evidence are decimals in major units, as a person reads them."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NewType, TypeAlias
from uuid import UUID

from fedele.kernel.ids import MemberId

CaseId = NewType("CaseId", UUID)
CaseState: TypeAlias = Literal["open", "cleared", "confirmed"]
STATES: tuple[CaseState, ...] = ("open", "cleared", "confirmed")


@dataclasses.dataclass(frozen=True, slots=True)
class Suspicion:
    """What a rule found. `subject`: whom or what it counted by, as text without personal data."""

    rule: str
    subject: str
    blocks: bool
    evidence: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Stop:
    """A sale at a place: when it was, and where the shop is."""

    store_id: str
    at: datetime
    latitude: float
    longitude: float


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A suspicion and what became of it."""

    id: CaseId
    member_id: MemberId
    rule: str
    subject: str
    state: CaseState
    blocks: bool
    evidence: Mapping[str, Any]
    source_id: UUID
    opened_at: datetime
    decided_at: datetime | None = None
    actor: str | None = None
    reason: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """How much of what a velocity rule counts there was within its hours, this occasion included."""

    amount: Decimal
    since: datetime
