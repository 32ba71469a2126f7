"""The records of challenges. Progress is in scaled integers of the goal's measure: see `counting.decimals_of`."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NewType
from uuid import UUID

from fedele.domains.challenges.config import Badge, Challenge, Streak
from fedele.kernel.ids import MemberId

AwardId = NewType("AwardId", UUID)

CountableKind = Literal["challenge", "streak"]
AwardKind = Literal["challenge", "streak", "surprise"]
SourceKind = Literal["purchase", "event"]
DrawOutcome = Literal["won", "lost", "budget", "member_limit"]


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """What one line (0: the whole) counts for before anything comes back of it."""

    number: int
    amount: int
    value: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """What a source counts for: decided once. `minimum` is the money below which a purchase does not count."""

    measure: str
    pieces: tuple[Piece, ...]
    minimum: int = 0

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "measure": self.measure,
            "minimum": self.minimum,
            "pieces": [[piece.number, piece.amount, piece.value] for piece in self.pieces],
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Counted":
        """Read back what `as_json` wrote."""
        return cls(kept["measure"], tuple(Piece(*piece) for piece in kept["pieces"]), kept["minimum"])


@dataclasses.dataclass(frozen=True, slots=True)
class Contribution:
    """What a source counts for as it stands: an amount to add up, or values to count once each."""

    amount: int = 0
    values: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Reached:
    """A step that was reached for the nth time in a period. `needed` is the progress that it takes."""

    step: str
    nth: int
    needed: int


@dataclasses.dataclass(frozen=True, slots=True)
class StreakState:
    """How a streak stands in one period. `at_risk`: the present period is not kept yet and a miss would end it."""

    current: int = 0
    best: int = 0
    freezes_left: int = 0
    kept_now: bool = False
    at_risk: bool = False
    runs: tuple[int, ...] = ()  # the lengths of all of them, oldest first


@dataclasses.dataclass(frozen=True, slots=True)
class AwardRecord:
    """Something that was given for a step."""

    id: AwardId
    member_id: MemberId
    kind: AwardKind
    key: str
    period: str
    step: str
    nth: int
    needed: int
    state: Literal["given", "revoked"]
    attempt: int
    currency: str | None
    units: int
    transaction_id: UUID | None
    redemption_id: UUID | None
    badge: str | None
    source_id: UUID
    given_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class StepView:
    """A step as a member sees it."""

    key: str
    at: Decimal
    reached: bool
    award: AwardRecord | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ChallengeView:
    """A challenge as one member sees it now."""

    challenge: Challenge
    joined_at: datetime | None  # None: they may join, or need not
    period: str
    starts_at: datetime | None
    ends_at: datetime | None
    progress: int
    target: int
    decimals: int
    times: int  # completed in this period
    awards: tuple[AwardRecord, ...] = ()

    @property
    def joined(self) -> bool:
        """Whether what the member does counts."""
        return self.challenge.joining == "automatic" or self.joined_at is not None

    @property
    def missing(self) -> int:
        """How much is missing to the target, or to the next time it can be completed."""
        limit = self.challenge.times_max
        if limit is not None and self.times >= limit:
            return 0
        return max(0, self.target * (self.times + 1) - self.progress)

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to reach in this period."""
        return self.missing == 0


@dataclasses.dataclass(frozen=True, slots=True)
class StreakView:
    """A streak as one member sees it now."""

    streak: Streak
    joined_at: datetime | None
    state: StreakState
    progress: int  # within the present period
    target: int
    decimals: int
    period_ends_at: datetime | None
    awards: tuple[AwardRecord, ...] = ()

    @property
    def joined(self) -> bool:
        """Whether what the member does counts."""
        return self.streak.joining == "automatic" or self.joined_at is not None


@dataclasses.dataclass(frozen=True, slots=True)
class HeldBadge:
    """A badge in hand; `badge` is None if it has left the programme."""

    key: str
    badge: Badge | None
    earned_at: datetime
    source_kind: str
    source_key: str


@dataclasses.dataclass(frozen=True, slots=True)
class Draw:
    """One draw of a surprise, with all that is needed to make it again."""

    surprise_key: str
    source_id: UUID
    drawn: int
    threshold: int
    outcome: DrawOutcome
    occurred_at: datetime
    programme_version: int


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """What a challenge, streak or surprise came to, over all members."""

    kind: AwardKind
    key: str
    members: int  # with progress; of a surprise: who drew
    completions: int  # awards that stand
    revoked: int
    units: Mapping[str, int]  # currency → given and not taken back
    joined: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The part of time in which something counts, and its key: the first day of the calendar period, or ''."""

    period: str
    starts_at: datetime | None
    ends_at: datetime | None  # excluded
    day: date | None = None
