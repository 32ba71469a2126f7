"""The records of proposals. Units are scaled integers of a programme currency; worth is in the home currency."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from fedele.domains.programme.types import Change


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """Which happenings are judged by the proposal, by their own time: from `since` on, before `until`."""

    since: datetime | None = None
    until: datetime | None = None

    def contains(self, at: datetime) -> bool:
        """Whether an instant lies within."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where an award belongs: its currency and rule, the member's tier then, the programme's month ("2026-11")."""

    currency: str
    rule: str
    tier: str
    month: str


@dataclasses.dataclass(slots=True)
class Sums:
    """What was given, and what would have been: units kept after returns, and how often something was given."""

    given: int = 0
    would: int = 0
    given_times: int = 0
    would_times: int = 0

    @property
    def difference(self) -> int:
        """What would have been given more; negative: less."""
        return self.would - self.given

    def add(self, other: "Sums") -> None:
        """Take these in."""
        self.given += other.given
        self.would += other.would
        self.given_times += other.given_times
        self.would_times += other.would_times


@dataclasses.dataclass(frozen=True, slots=True)
class CurrencyCost:
    """One currency over everything that was replayed. `error_units`: of a sample, the half-width of the estimate's
    95 % interval; 0 for a whole count."""

    currency: str
    decimals: int
    sums: Sums
    worth_given: Decimal
    worth_would: Decimal
    gaining: int  # members who would have kept more
    losing: int
    estimated_difference: int  # over all members; the plain difference unless a sample was replayed
    estimated_worth: Decimal
    error_units: int
    unexplained: int  # what the ledger gave beyond what the replay of its own versions gives; 0: reproduced to the unit

    @property
    def worth_difference(self) -> Decimal:
        """What would have been given more, in money."""
        return self.worth_would - self.worth_given


@dataclasses.dataclass(frozen=True, slots=True)
class Rerating:
    """What history would have cost under a proposed version."""

    window: Window
    home_currency: str
    members: int  # replayed
    members_all: int
    purchases: int  # judged by the proposal
    returns: int
    events: int
    currencies: tuple[CurrencyCost, ...]
    cells: Mapping[Cell, Sums]
    tier_moves: Mapping[tuple[str, str], int]  # (tier at the end, tier it would be) → members; only where they differ
    refused: Mapping[str, int]  # codes of what the proposal would not have accepted as it was

    def by(self, *names: Literal["currency", "rule", "tier", "month"]) -> dict[tuple[str, ...], Sums]:
        """The sums grouped by these parts of a cell, in their order."""
        grouped: dict[tuple[str, ...], Sums] = {}
        for cell in sorted(self.cells):
            key = tuple(getattr(cell, name) for name in names)
            grouped.setdefault(key, Sums()).add(self.cells[cell])
        return grouped


@dataclasses.dataclass(frozen=True, slots=True)
class Affected:
    """Whom a change touches: `members` of them, in words. `units` and `worth` where value is touched."""

    section: str
    key: str
    words: str
    members: int
    units: int | None = None
    worth: Decimal | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class DeadRule:
    """A rule that gave nothing for a while. `outcomes`: what became of it when tried, the most frequent first."""

    key: str
    last_at: datetime | None  # when it last gave something; None: never
    outcomes: tuple[tuple[str, int], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Weighed:
    """A proposal as it was weighed: what would change, and whom it touches."""

    against_version: int | None
    changes: tuple[Change, ...]
    affected: tuple[Affected, ...]
