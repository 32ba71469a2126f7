"""The only place that asks the clock. Everything above is handed a Moment."""

import dataclasses
from datetime import UTC, datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Position:
    """A point on the Earth, WGS 84 degrees; accuracy_metres is the radius the phone claims, if any."""

    latitude: float
    longitude: float
    accuracy_metres: float | None = None

    def __post_init__(self) -> None:
        if not -90 <= self.latitude <= 90:
            raise ValueError(f"latitude is {self.latitude}; it must lie between -90 and 90 degrees")
        if not -180 <= self.longitude <= 180:
            raise ValueError(f"longitude is {self.longitude}; it must lie between -180 and 180 degrees")


@dataclasses.dataclass(frozen=True, slots=True)
class ForecastHour:
    """An hour to come: how many hours ahead it is, and what is expected of it."""

    hours_ahead: int
    temperature_celsius: float
    rain_millimetres: float = 0.0
    condition: str = "clear"


@dataclasses.dataclass(frozen=True, slots=True)
class Weather:
    """What the sky does at a place: degrees Celsius, millimetres of rain in the hour, a WMO condition word; and what is
    expected of the next hours, the nearest first."""

    temperature_celsius: float
    rain_millimetres: float = 0.0
    condition: str = "clear"
    feels_like_celsius: float | None = None
    forecast: tuple[ForecastHour, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Moment:
    """Now, here and under this sky: made once per request or job and handed down. `now` is always aware, in UTC."""

    now: datetime
    place: Position | None = None
    weather: Weather | None = None

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("a Moment needs an aware datetime: give `now` a time zone")

    def at(self, place: Position | None) -> "Moment":
        """The same moment, seen from another place."""
        return dataclasses.replace(self, place=place)


def utc_now() -> datetime:
    """The wall clock, aware, in UTC. Call it at the edge only, to make a Moment."""
    return datetime.now(UTC)


def moment_now(place: Position | None = None) -> Moment:
    """A Moment of the wall clock's now. Call it at the edge only."""
    return Moment(utc_now(), place)
