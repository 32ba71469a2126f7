"""Choose the regions a phone monitors: the nearest places, and one around the member that says when to ask again.

iOS watches at most 20 regions and Android 100, so the server answers with the nearest ones.
"""

from collections.abc import Sequence

from fedele.domains.offers.types import Region, RegionSet
from fedele.domains.programme.config import Place
from fedele.kernel.clock import Position
from fedele.kernel.distance import distance_metres

RADIUS_METRES_MIN = 100  # phones cannot tell less
REFRESH_METRES_MAX = 50_000


def nearest_regions(places: Sequence[Place], position: Position, count: int) -> RegionSet:
    """`count` regions at most, the refresh region included: the nearest places, nearest first.

    The refresh radius ends where a place that was left out could begin to matter: leaving it means asking again.
    """
    ranked = sorted((_region(place, position) for place in places), key=lambda region: region.distance_metres)
    kept, left_out = ranked[: count - 1], ranked[count - 1 :]
    reach = min((region.distance_metres - region.radius_metres for region in left_out), default=REFRESH_METRES_MAX)
    radius = int(min(max(reach, RADIUS_METRES_MIN), REFRESH_METRES_MAX))
    refresh = Region(None, position.latitude, position.longitude, radius, 0.0)
    return RegionSet(tuple(kept), refresh)


def _region(place: Place, position: Position) -> Region:
    away = distance_metres(position.latitude, position.longitude, place.latitude, place.longitude)
    radius = max(place.radius_metres, RADIUS_METRES_MIN)
    return Region(place.key, place.latitude, place.longitude, radius, away)
