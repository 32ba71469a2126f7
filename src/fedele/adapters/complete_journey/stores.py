"""Invented stores: names and coordinates in one made-up city, around the five that the grocer's programme names."""

import math

from fedele.adapters.complete_journey.people import draw

CENTRE = (39.9700, -83.0000)
CITY_RADIUS_METRES = 18_000
_METRES_PER_DEGREE = 111_320
_FIRST = (
    "Alder", "Ash", "Beech", "Birch", "Brook", "Cedar", "Cherry", "Clover", "Elm", "Fern", "Field", "Hazel", "Heron",
    "Holly", "Juniper", "Lark", "Laurel", "Linden", "Maple", "Meadow", "Mill", "Oak", "Orchard", "Pine", "Quarry",
    "Rowan", "Spring", "Stone", "Thistle", "Willow",
)  # fmt: skip
_LAST = ("bank", "bridge", "brook", "bury", "court", "dale", "field", "ford", "gate", "grove", "hurst", "side", "ton",
         "view", "way", "wood")  # fmt: skip


def store_key(store_id: int) -> str:
    """The store's key in the programme."""
    return f"store-{store_id}"


def store_name(store_id: int) -> str:
    """A name for it."""
    return _FIRST[draw(store_id, "store first", len(_FIRST))] + _LAST[draw(store_id, "store last", len(_LAST))]


def store_address(store_id: int) -> str:
    """A street and number."""
    street = _FIRST[draw(store_id, "street", len(_FIRST))]
    return f"{draw(store_id, 'number', 900) + 1} {street} {('Street', 'Avenue', 'Road')[draw(store_id, 'way', 3)]}"


def store_position(store_id: int) -> tuple[float, float]:
    """Latitude and longitude, somewhere in the city; evenly over its area."""
    distance = CITY_RADIUS_METRES * math.sqrt(draw(store_id, "distance", 1_000_000) / 1_000_000)
    angle = 2 * math.pi * draw(store_id, "angle", 1_000_000) / 1_000_000
    latitude = CENTRE[0] + distance * math.cos(angle) / _METRES_PER_DEGREE
    longitude = CENTRE[1] + distance * math.sin(angle) / (_METRES_PER_DEGREE * math.cos(math.radians(CENTRE[0])))
    return round(latitude, 4), round(longitude, 4)
