"""A member's facts, ready to be judged by a condition."""

import dataclasses
import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fedele.domains.programme.types import WEEKDAYS


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
