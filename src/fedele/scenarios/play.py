"""A scenario being played: its cast, what they hold receipts of, and what a step answered."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.domains.activity.types import PurchaseId
from fedele.domains.checkout.types import GivenAward
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal
from fedele.scenarios import format as steps
from fedele.scenarios.instants import instant_of
from fedele.scenarios.passing import Calendar
from fedele.scenarios.reading import ScenarioFile
from fedele.scenarios.stage import Stage


class StepImpossible(Exception):
    """The scenario asks for something that its own earlier steps do not allow; the message says what."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What a step answered. Units are scaled integers; an expectation of something that is None does not hold."""

    refusal: Refusal | None = None
    awards: tuple[GivenAward, ...] = ()
    burned: Mapping[str, int] = dataclasses.field(default_factory=dict)
    clawed_back: Mapping[str, int] = dataclasses.field(default_factory=dict)
    restored: Mapping[str, int] = dataclasses.field(default_factory=dict)
    refund: Decimal | None = None
    saved: Decimal | None = None
    source_id: UUID | None = None  # of the purchase or event, for Explain


@dataclasses.dataclass(frozen=True, slots=True)
class Bought:
    """A purchase that later steps may return."""

    purchase_id: PurchaseId
    member_id: MemberId
    store: str


@dataclasses.dataclass(slots=True)
class Play:
    """A scenario being played: its cast and what they hold receipts of."""

    stage: Stage
    file: ScenarioFile
    zone: ZoneInfo
    calendar: Calendar
    cast: dict[str, MemberId] = dataclasses.field(default_factory=dict)
    receipts: dict[str, Bought] = dataclasses.field(default_factory=dict)
    payments_told: set[UUID] = dataclasses.field(default_factory=set)
    messages_told: set[UUID] = dataclasses.field(default_factory=set)
    number: int = 0  # of the step being played, from 1
    outcome: Outcome = Outcome()  # of the last step

    @property
    def moment(self) -> Moment:
        """Now."""
        return self.stage.clock()

    async def programme(self) -> Programme:
        """The version in force now."""
        return await self.stage.fedele.programmes.at(self.stage.clock.now)

    def member(self, step: steps.StepBase) -> MemberId:
        """Whose step it is."""
        key = step.member or next(iter(self.cast), None)
        if key is None:
            raise StepImpossible("the scenario has no members: add them to `members`")
        return self.cast[key]

    def instant(self, value: Any) -> datetime | None:
        """A local time of the file as an instant."""
        return None if value is None else instant_of(value, self.zone)
