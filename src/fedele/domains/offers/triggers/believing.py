"""Whether a position that a phone reports is to be believed. Pure: what was known before comes in as arguments.

A phone proves nothing: an app can be told to lie. What is checked is what costs a liar something: the operating
system's own flag, how sure and how fresh the position is, and whether a body could have come there from the last one.
"""

import dataclasses
from datetime import datetime, timedelta
from enum import StrEnum

from fedele.domains.offers.config import LocationConfig
from fedele.domains.offers.types import Report
from fedele.kernel.clock import Position
from fedele.kernel.distance import distance_metres

AHEAD_MAX = timedelta(seconds=60)  # phones' clocks go fast by a little
FASTEST_WITHOUT_WAY_METRES = 200  # inside of what positions err, no speed can be told


class Verdict(StrEnum):
    """What the server makes of a position."""

    BELIEVED = "believed"
    MOCKED = "mocked"
    INACCURATE = "inaccurate"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"
    IMPOSSIBLE_TRAVEL = "impossible_travel"


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """The last position of the member that was believed."""

    position: Position
    seen_at: datetime


def judge(report: Report, last: Known | None, config: LocationConfig, now: datetime) -> Verdict:
    """The first thing that speaks against the report, or that it is believed."""
    if report.mocked:
        return Verdict.MOCKED
    if report.seen_at > now + AHEAD_MAX:
        return Verdict.FROM_THE_FUTURE
    if now - report.seen_at > timedelta(seconds=config.age_seconds_max):
        return Verdict.TOO_OLD
    accuracy = report.position.accuracy_metres
    if accuracy is None or accuracy > config.accuracy_metres_max or accuracy < 0:
        return Verdict.INACCURATE
    if last is not None and _too_fast(report, last, config):
        return Verdict.IMPOSSIBLE_TRAVEL
    return Verdict.BELIEVED


def _too_fast(report: Report, last: Known, config: LocationConfig) -> bool:
    here, there = report.position, last.position
    way = distance_metres(here.latitude, here.longitude, there.latitude, there.longitude)
    way -= (here.accuracy_metres or 0) + (there.accuracy_metres or 0)
    if way <= FASTEST_WITHOUT_WAY_METRES:
        return False
    seconds = max(abs((report.seen_at - last.seen_at).total_seconds()), 1.0)
    return way / seconds * 3.6 > config.kilometres_per_hour_max
