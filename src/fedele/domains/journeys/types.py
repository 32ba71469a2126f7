"""The records of journeys."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from fedele.kernel.expressions import Bindings
from fedele.kernel.ids import MemberId

RunId = NewType("RunId", UUID)


class RunState(StrEnum):
    """Where a member's run of a journey stands. ACTIVE, HOLDOUT and HELD are open; the others are over."""

    ACTIVE = "active"
    HOLDOUT = "holdout"  # would have entered, and is left alone to be compared with
    HELD = "held"  # a step failed again and again: waits for somebody to resume it
    DECLINED = "declined"  # the trigger came, the condition did not hold
    COMPLETED = "completed"  # through the last step, or the holdout's time is over
    GOAL = "goal"  # stopped by reaching the goal
    EXITED = "exited"


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One member's way through one journey.

    `programme_version` is where its definition is read; `seen_version` the newest one that was weighed against it.
    `step_key` is None before the entry is decided and after the end. `visits`: how many lines its trace has.
    `goal_until`: until when the goal counts.
    """

    id: RunId
    member_id: MemberId
    journey_key: str
    entry_key: str
    programme_version: int
    seen_version: int
    state: RunState
    step_key: str | None
    step_since: datetime
    visits: int
    next_due: datetime | None
    entered_at: datetime
    ended_at: datetime | None = None
    reason: str | None = None
    goal_at: datetime | None = None
    goal_until: datetime | None = None
    arm: str | None = None
    attempts: int = 0

    @property
    def open(self) -> bool:
        """Whether anything may still happen to the member in it."""
        return self.ended_at is None


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What the decision needs to know of the member.

    `bought_at`: their first purchase since entering, if any. `facts`: values of MEMBER_ENVIRONMENT; None where no
    condition of the journey asks.
    """

    active: bool
    time_zone: str
    bought_at: datetime | None = None
    facts: Bindings | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """Something that happened to the member: its names, and values of EVENT_ENVIRONMENT where a condition may ask."""

    source_id: UUID
    names: frozenset[str]
    occurred_at: datetime
    values: Bindings | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Visit:
    """One line of a trace: what was done at a step, with what outcome, and why."""

    number: int
    step_key: str
    kind: str
    outcome: str
    detail: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    source_id: UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Advance:
    """What follows for a run: its new place, the lines of its trace, and the steps to carry out, each with its line.

    `effects`: (index in `visits`, the step's model). Their outcomes are filled in by whoever carries them out.
    """

    run: Run
    visits: tuple[Visit, ...] = ()
    effects: tuple[tuple[int, Any], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class TraceLine:
    """A line of a trace with its time."""

    visit: Visit
    at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Trace:
    """One run with all its lines, oldest first."""

    run: Run
    lines: tuple[TraceLine, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class StepFigures:
    """How many are at a step now, and how often it was passed, by outcome."""

    step_key: str
    inside: int
    passed: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Side:
    """How many took one side (an arm, the treated, the holdout), and how many of them reached the goal."""

    key: str
    members: int
    goals: int

    @property
    def rate(self) -> float:
        """Goals per member."""
        return self.goals / self.members if self.members else 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Lift:
    """What the journey changes: the treated's rate minus the holdout's, with its 95 % interval."""

    treated: Side
    holdout: Side
    difference: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """A journey in numbers. `by_state` counts runs; `exits` counts those that are over, by reason."""

    journey_key: str
    entered: int
    by_state: Mapping[str, int]
    goals: int
    steps: tuple[StepFigures, ...]
    exits: Mapping[str, int]
    splits: Mapping[str, tuple[Side, ...]]
    lift: Lift | None


@dataclasses.dataclass(frozen=True, slots=True)
class Pause:
    """A journey that stands still, since when and by whom."""

    journey_key: str
    paused_at: datetime
    actor: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """One journey in the list. `in_programme` is False for one that was removed and has members inside yet."""

    journey_key: str
    name: Mapping[str, str]
    in_programme: bool
    paused: Pause | None
    inside: int
    entered: int
    goals: int
