"""The records of tiers. Amounts are in the counter's own units: minor units for spend, scaled units for points."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, NewType, Union
from uuid import UUID

from fedele.kernel.ids import MemberId

TierKey = str
CounterKey = str  # "spend", "visits", or "earned:<currency>"
GrantId = NewType("GrantId", UUID)
GrantSource = Literal["staff", "membership"]
ChangeReason = Literal["upgrade", "downgrade", "joined", "manual", "return", "grant_ended"]


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """A tier that was given, not earned, from `since` until `until` (None: until it is ended)."""

    id: GrantId
    tier: TierKey
    since: datetime
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at this instant."""
        return self.until is None or at < self.until


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """The tier a member has. `kept_until` is the end of its protection; None: it does not end by itself.

    Where something was granted, `tier` is the higher of the granted and the earned one, and `earned` is the standing
    beneath: what the member falls back to. A grant never changes what is earned, so it never becomes a floor.
    """

    tier: TierKey | None = None
    since: datetime | None = None
    kept_until: datetime | None = None
    grants: tuple[Grant, ...] = ()
    earned: Union["Standing", None] = None

    @property
    def beneath(self) -> "Standing":
        """What is earned, whatever was granted."""
        return self.earned if self.earned is not None else Standing(self.tier, self.since, self.kept_until)


@dataclasses.dataclass(frozen=True, slots=True)
class GrantAsked:
    """What staff ask for: this tier until then, and why."""

    tier: TierKey
    until: datetime
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class GrantRecord:
    """A grant as it was recorded, also after its end. `actor`: who gave it; `ended_by`: who ended it early."""

    id: GrantId
    tier: TierKey
    source: GrantSource
    reason: str
    actor: str
    granted_at: datetime
    until: datetime | None
    ended_at: datetime | None
    ended_by: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class TierChange:
    """One line of the history of a member's tier."""

    before: TierKey | None
    after: TierKey | None
    reason: ChangeReason
    occurred_at: datetime
    kept_until: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The programme days a qualifying counter is summed over, both ends included."""

    first_day: date
    last_day: date


@dataclasses.dataclass(frozen=True, slots=True)
class TierDecision:
    """What evaluating says: the standing from now on, and why it changed, if it did."""

    standing: Standing
    reason: ChangeReason | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class TierMove:
    """Somebody's tier became another one."""

    member_id: MemberId
    before: TierKey | None
    after: TierKey | None


@dataclasses.dataclass(frozen=True, slots=True)
class TierStatus:
    """What the member is shown: where they stand, what is next, how far it is and until when."""

    current: TierKey | None
    since: datetime | None
    kept_until: datetime | None
    next: TierKey | None
    counted: int  # of the counter, in this window
    required: int  # for the next tier; 0 when there is none
    counter: CounterKey
    qualify_until: datetime | None
    benefits: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How much is still to be counted for the next tier."""
        return max(0, self.required - self.counted)


Counted = Mapping[CounterKey, int]
