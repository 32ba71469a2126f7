"""The records of tiers. Amounts are in the counter's own units: minor units for spend, scaled units for points."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

TierKey = str
CounterKey = str  # "spend", "purchases", or "earned:<currency>"
ChangeReason = Literal["upgrade", "downgrade", "joined", "manual", "return"]


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """The tier a member has. `kept_until` is the end of its protection; None: it does not end by itself."""

    tier: TierKey | None = None
    since: datetime | None = None
    kept_until: datetime | None = None


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
