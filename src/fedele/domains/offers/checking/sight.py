"""What the checks of an offer look at: the member's situation, and where the offer's place stands in it."""

import dataclasses
import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fedele.domains.offers.config import Offer
from fedele.domains.offers.geography.index import places_of, shapes_of
from fedele.domains.offers.geography.shapes import Cap
from fedele.domains.offers.sky.grid import cell_of
from fedele.domains.offers.timing.schedule import Stretch, open_stretch
from fedele.domains.offers.types import History, Spot
from fedele.domains.programme.config import Place, Places, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.types import MemberFacts, now_values
from fedele.kernel.clock import Moment, Position, Weather
from fedele.kernel.ids import MemberId


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """Everything a decision looks at, beside the offer itself. `at_places`: keys of places the member is at without a
    position: a beacon was heard there, or it is the place that a wake-up is about."""

    programme: Programme
    facts: MemberFacts
    tier: str | None
    history: History
    moment: Moment
    member_id: MemberId | None = None
    at_places: frozenset[str] = frozenset()
    by_beacon: bool = False
    distances: dict[str, float] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @property
    def time_zone(self) -> str:
        """The programme's time zone."""
        return self.programme.section(ProgrammeConfig).time_zone


class Sight:
    """An offer as seen from a setting: its nearest place, its clock, its hours, its sky. Each is found once."""

    def __init__(self, offer: Offer, setting: Setting, spot: Spot | None = None) -> None:
        self.offer, self.setting = offer, setting
        self.now = setting.moment.now
        if spot is not None:
            self.spot = spot  # an index has found it already

    @functools.cached_property
    def spot(self) -> Spot | None:
        """The nearest of its places, one the member is within if there is one. None: no place, or no position."""
        offer, setting = self.offer, self.setting
        if offer.where is None:
            return None
        if setting.at_places and (place := self._known_place()) is not None:
            return Spot(place, 0.0, True, float(offer.where.radius_metres or place.radius_metres))
        if offer.where.beacons or setting.moment.place is None:
            return None
        return nearest(offer, setting.programme, setting.moment.place, setting.distances)

    @functools.cached_property
    def clock(self) -> str:
        """The time zone that its windows follow."""
        local_to = self.offer.schedule.local_to
        if local_to == "member":
            return self.setting.facts.time_zone
        return self.place_clock if local_to == "place" else self.setting.time_zone

    @property
    def place_clock(self) -> str:
        """The time zone of its place; the programme's where there is none."""
        place = self.spot.place if self.spot else None
        return (place.time_zone if place else None) or self.setting.time_zone

    @functools.cached_property
    def stretch(self) -> Stretch | None:
        """The stretch of its windows that holds now; None: closed, or always open."""
        return None if self.offer.schedule.always else open_stretch(self.offer.schedule, self.now, self.clock)

    @functools.cached_property
    def weather(self) -> Weather | None:
        """The sky at its place: else where the member is, else over their favourite store. None: not known."""
        if self.setting.moment.weather is not None:
            return self.setting.moment.weather
        point = self._point()
        return None if point is None else self.setting.history.skies.get(cell_of(*point))

    def weather_values(self) -> dict[str, Any]:
        """The values of `weather` and `now` for its condition."""
        weather = self.weather
        assert weather is not None, "asked only where the weather is known"
        forecast = [dataclasses.asdict(hour) for hour in weather.forecast]
        values: dict[str, Any] = {
            "weather.temperature_celsius": weather.temperature_celsius,
            "weather.rain_millimetres": weather.rain_millimetres,
            "weather.condition": weather.condition,
            "weather.feels_like_celsius": weather.feels_like_celsius,
            "weather.forecast": forecast,
        }
        return now_values(self.now, self.place_clock) | values

    @functools.cached_property
    def member_values(self) -> Mapping[str, Any]:
        """The values of `member` and `now` for its audience."""
        setting = self.setting
        return setting.facts.bindings(self.now, setting.time_zone, setting.tier)

    def _known_place(self) -> Place | None:
        places = places_of(self.offer, self.setting.programme)
        return next((place for place in places if place.key in self.setting.at_places), None)

    def _point(self) -> tuple[float, float] | None:
        if self.spot is not None and self.spot.place is not None:
            return self.spot.place.latitude, self.spot.place.longitude
        here: Position | None = self.setting.moment.place
        if here is not None:
            return here.latitude, here.longitude
        favourite = self.setting.facts.values.get("member.favourite_store")
        for place in self.setting.programme.section(Places):
            if place.key == favourite or place.key in self.setting.at_places:
                return place.latitude, place.longitude
        return None


def nearest(
    offer: Offer, programme: Programme, position: Position, distances: dict[str, float] | None = None
) -> Spot | None:
    """The offer's shape that holds the position, else the nearest one. `distances` remembers, by place, what was
    measured for another offer."""
    known = {} if distances is None else distances
    best: Spot | None = None
    for shape, place in shapes_of(offer, programme):
        if place is None or place.key not in known:
            away = shape.distance(position.latitude, position.longitude)
            if place is not None:
                known[place.key] = away
        else:
            away = known[place.key]
        within = away <= shape.radius_metres if isinstance(shape, Cap) else away == 0.0
        if best is None or (not within, away) < (not best.within, best.distance_metres):
            best = Spot(place, away, within, shape.bound.radius_metres if place else None)
    return best


def local_time(instant: datetime, time_zone: str) -> str:
    """An instant on a clock, for a value in a check: "2026-11-24 08:30"."""
    return instant.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")
