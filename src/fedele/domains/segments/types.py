"""A member's facts, ready to be judged by a condition."""

import dataclasses
import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fedele.domains.programme.types import WEEKDAYS
from fedele.kernel.ids import MemberId


@dataclasses.dataclass(frozen=True, slots=True)
class MemberFacts:
    """`values` are the names below `member` but for the tier and segments; the rest is what rooms ask for by itself."""

    values: Mapping[str, Any]
    locale: str
    time_zone: str
    country: str | None
    active: bool

    def bindings(self, at: datetime, time_zone: str, tier: str | None) -> dict[str, Any]:
        """The values of `now` (on the clock of `time_zone`) and `member`, for Environment.bind."""
        return now_values(at, time_zone) | dict(self.values) | {"member.tier": tier or ""}


def now_values(at: datetime, time_zone: str) -> dict[str, Any]:
    """The names below `now`, on the clock of this time zone."""
    return dict(_now_values(at, time_zone))


@functools.lru_cache(maxsize=64)  # one operation asks for the same instant once for each offer, reward and survey
def _now_values(at: datetime, time_zone: str) -> Mapping[str, Any]:
    local = at.astimezone(ZoneInfo(time_zone))
    return {
        "now": at,
        "now.date": local.date().isoformat(),
        "now.time": local.strftime("%H:%M"),
        "now.hour": local.hour,
        "now.weekday": WEEKDAYS[local.weekday()],
        "now.day": local.day,
        "now.month": local.month,
        "now.year": local.year,
    }


@dataclasses.dataclass(frozen=True, slots=True)
class RfmCuts:
    """Four ascending cut points of each measure: what is above all four of them is in the highest fifth."""

    measured_at: datetime
    recency_days: tuple[int, ...]
    frequency: tuple[int, ...]
    monetary_minor: tuple[int, ...]
    members_count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Moved:
    """What a look at a segment changed: how many entered and left."""

    entered: int = 0
    left: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(self.entered + other.entered, self.left + other.left)


@dataclasses.dataclass(frozen=True, slots=True)
class Refreshed:
    """A segment looked at as a whole. `reason` says why it was judged by the evaluator, where it was."""

    segment: str
    refreshed_at: datetime
    members_count: int
    moved: Moved
    milliseconds: int
    reason: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PartSize:
    """How many members one part of a condition is true for by itself, and together with the parts before it."""

    text: str
    members_count: int
    remaining_count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Preview:
    """Who would be in a segment, without storing anything. `of_count`: active members in all."""

    members_count: int
    of_count: int
    sample: tuple[MemberId, ...]
    parts: tuple[PartSize, ...]
    reason: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Stint:
    """A member's last time in a segment."""

    segment: str
    entered_at: datetime
    left_at: datetime | None
    entries_count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Insider:
    """Somebody inside a segment."""

    member_id: MemberId
    entered_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class SegmentStatus:
    """A segment as its last refresh left it; None where there was none yet."""

    key: str
    members_count: int
    refreshed_at: datetime | None
    compiled: bool | None
    milliseconds: int | None
