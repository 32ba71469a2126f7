"""Which places a card carries: both wallets read ten, so the ten that this member is likely to pass."""

import math
from collections.abc import Sequence

from fedele.domains.programme.config import Place

EARTH_RADIUS_METRES = 6_371_009


def nearest(places: Sequence[Place], home_store: str | None, count_max: int) -> tuple[Place, ...]:
    """The member's own store and those nearest to it; without one, the first in the programme's order."""
    home = next((place for place in places if place.key == home_store), None)
    if home is None:
        return tuple(places[:count_max])
    return tuple(sorted(places, key=lambda place: distance_metres(home, place))[:count_max])


def distance_metres(one: Place, other: Place) -> float:
    """Along the great circle, by the haversine formula; a sphere is near enough to sort shops."""
    phi, other_phi = math.radians(one.latitude), math.radians(other.latitude)
    half_phi = (other_phi - phi) / 2
    half_lambda = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi) * math.cos(other_phi) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, chord)))
