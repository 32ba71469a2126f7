"""The ports of offers: who tells the weather, and who knows which fences hold a point."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from fedele.db.database import Queryable
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment, Position

ProgrammeAt: TypeAlias = Callable[[datetime], Awaitable[Programme]]
Clock: TypeAlias = Callable[[], Moment]


class WeatherUnavailable(Exception):
    """The source does not answer, or not what it should. What was known before stays in use until it is too old."""


@dataclasses.dataclass(frozen=True, slots=True)
class WeatherHour:
    """One hour over one cell: degrees Celsius, millimetres of rain, a word of `Weather.condition`."""

    cell: str
    hour: datetime
    temperature_celsius: float
    rain_millimetres: float
    condition: str
    feels_like_celsius: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Attribution:
    """Whom to name beside the weather, and where they are found."""

    text: str
    url: str


class WeatherSource(Protocol):
    """Somebody who knows the weather of the present hour and the next 24."""

    name: str
    attribution: Attribution | None

    async def hours(self, cells: Sequence[str], now: datetime) -> Sequence[WeatherHour]:
        """The hours of these grid cells. A cell it does not know is left out. Raises WeatherUnavailable."""
        ...


class FenceIndex(Protocol):
    """Which offers' fences hold a point."""

    async def offers_at(self, db: Queryable, programme: Programme, position: Position) -> Mapping[str, str | None]:
        """The keys of the offers one of whose fences holds the point, each with the key of the place, if it is one."""
        ...
