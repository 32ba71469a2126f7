"""Distances on the Earth."""

import math

EARTH_RADIUS_METRES = 6_371_008.8  # mean radius, IUGG


def distance_metres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance by the haversine formula (Sinnott 1984), on a sphere: within 0.5 % of the ellipsoid."""
    one, two = math.radians(latitude), math.radians(other_latitude)
    half_height = math.sin((two - one) / 2) ** 2
    half_width = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    share = half_height + math.cos(one) * math.cos(two) * half_width
    return 2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, share)))
