"""Cells of a tenth of a degree (about eleven kilometres): weather models know no more, and shops nearby share one."""

from fedele.domains.offers.config import OffersConfig
from fedele.domains.offers.geography.index import places_of
from fedele.domains.programme.config import Place, Places
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Position
from fedele.kernel.distance import distance_metres

NEAR_METRES = 60_000  # an offer is at most 50 km wide


def cell_of(latitude: float, longitude: float) -> str:
    """The cell of a point: its middle, "39.9,-83.0"."""
    south_north = round(latitude * 10)
    west_east = 0 if abs(south_north) == 900 else round(longitude * 10)
    west_east = -1800 if west_east == 1800 else west_east
    return f"{south_north / 10:.1f},{west_east / 10 + 0.0:.1f}"


def middle_of(cell: str) -> tuple[float, float]:
    """The middle of a cell: latitude and longitude."""
    latitude, longitude = cell.split(",")
    return float(latitude), float(longitude)


def asks_for_weather(programme: Programme) -> bool:
    """Whether any offer depends on the sky."""
    return any(offer.weather is not None for offer in programme.section(OffersConfig))


def cells_to_fetch(programme: Programme) -> list[str]:
    """The cells of all places that an offer with weather asks for; of every place, if one asks for none."""
    wanted: dict[str, None] = {}
    for offer in programme.section(OffersConfig):
        if offer.weather is None or offer.state not in ("live", "scheduled"):
            continue
        places = places_of(offer, programme) or list(programme.section(Places))
        for place in places:
            wanted[cell_of(place.latitude, place.longitude)] = None
    return list(wanted)


def cells_around(programme: Programme, position: Position | None, favourite_store: str | None) -> list[str]:
    """The cells whose weather can matter to a member here: of the places near, and where they are or like to shop."""
    if not asks_for_weather(programme):
        return []
    cells: dict[str, None] = {}
    for place in programme.section(Places):
        if place.key == favourite_store or (position is not None and _near(place, position)):
            cells[cell_of(place.latitude, place.longitude)] = None
    if position is not None:
        cells[cell_of(position.latitude, position.longitude)] = None
    return sorted(cells)


def _near(place: Place, position: Position) -> bool:
    if abs(place.latitude - position.latitude) > 1:
        return False
    away = distance_metres(position.latitude, position.longitude, place.latitude, place.longitude)
    return away <= NEAR_METRES
