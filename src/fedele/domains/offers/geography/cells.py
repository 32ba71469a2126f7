"""Cubes of space as integers: how a shape on the Earth is found by an index that knows equality alone.

Space around the Earth is cut into cubes with an edge of 2^level metres. A cube has one number (level and three
coordinates), a circle touches at most eight cubes of a level that fits it, and a point lies in one cube of each level.
In space there are no poles and no 180th meridian, so nothing is special there. Fences are looked up by equality with
the cubes of the point, one a level in use: a btree, or a sorted array, is all it takes; what is found is a superset.
"""

import math
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fedele.domains.offers.geography.shapes import Cap, Vector, to_vector
from fedele.kernel.distance import EARTH_RADIUS_METRES

LEVEL_MIN, LEVEL_MAX = 7, 24  # cubes of 128 metres, up to one that holds the whole Earth
_BITS = 17  # of a coordinate: the Earth is 99,547 cubes of the smallest level wide
EDGE_PER_RADIUS = 4.0  # a cube is so many radii wide: fewer cubes for a fence, more fences in a cube
_SLACK_METRES = 0.5  # rounding may move an edge by less: the exact question is asked of what is found

Integers: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]


def level_of(radius_metres: float) -> int:
    """The level whose cubes fit circles of this radius."""
    return min(max(math.ceil(math.log2(max(radius_metres, 1.0) * EDGE_PER_RADIUS)), LEVEL_MIN), LEVEL_MAX)


def cells_of(latitude: float, longitude: float, levels: Iterable[int]) -> list[int]:
    """The cube of each of these levels in which a point lies."""
    x, y, z = ((part + 1.0) * EARTH_RADIUS_METRES for part in to_vector(latitude, longitude))
    return [_number(level, int(x) >> level, int(y) >> level, int(z) >> level) for level in levels]


def covering(cap: Cap, level: int | None = None) -> list[int]:
    """The cubes that a circle on the Earth touches, of the level that fits it or of a given one."""
    level = level_of(cap.radius_metres) if level is None else level
    edge = float(1 << level)
    reach = _chord(cap.radius_metres) + _SLACK_METRES
    middle = to_vector(cap.latitude, cap.longitude)
    shifted = tuple((part + 1.0) * EARTH_RADIUS_METRES for part in middle)
    spans = [range(max(0, math.floor((s - reach) / edge)), math.floor((s + reach) / edge) + 1) for s in shifted]
    return [
        _number(level, x, y, z)
        for x in spans[0]
        for y in spans[1]
        for z in spans[2]
        if _touches((x, y, z), edge, (shifted[0], shifted[1], shifted[2]), reach)
    ]


def cover_all(latitudes: Floats, longitudes: Floats, radii: Floats) -> tuple[Integers, Integers]:
    """The cubes of many circles at once, as pairs (cube, position of the circle): what `covering` says of each."""
    phi, theta = np.radians(latitudes), np.radians(longitudes)
    unit = np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=1)
    shifted = (unit + 1.0) * EARTH_RADIUS_METRES
    exact = np.ceil(np.log2(np.maximum(radii, 1.0) * EDGE_PER_RADIUS)).astype(np.int64)
    levels = np.clip(exact, LEVEL_MIN, LEVEL_MAX)
    edges = np.ldexp(1.0, levels)[:, None]
    half = np.minimum(radii / (2 * EARTH_RADIUS_METRES), math.pi / 2)
    reach = (2 * EARTH_RADIUS_METRES * np.sin(half) + _SLACK_METRES)[:, None]
    lowest = np.maximum(np.floor((shifted - reach) / edges), 0.0)
    highest = np.floor((shifted + reach) / edges)
    cells, fences = [], []
    for corner in np.ndindex(2, 2, 2):  # a circle is at most half a cube wide: it lies in one or two on each axis
        chosen = np.where(np.array(corner), highest, lowest)
        kept = _kept(chosen, lowest, highest, corner) & _touch(chosen * edges, edges, shifted, reach)
        at = chosen[kept].astype(np.int64)
        cells.append(_numbers(levels[kept], at))
        fences.append(np.flatnonzero(kept))
    return np.concatenate(cells), np.concatenate(fences)


def _kept(chosen: Floats, lowest: Floats, highest: Floats, corner: tuple[int, ...]) -> Any:
    """Where both ends of an axis are one cube, it is counted once."""
    twice = (lowest == highest) & np.array(corner, dtype=bool)
    return ~twice.any(axis=1)


def _touch(low: Floats, edges: Floats, middle: Floats, reach: Floats) -> Any:
    """Whether cubes come as near as `reach` to the middle and meet the surface of the Earth."""
    high = low + edges
    nearest = np.clip(middle, low, high)
    near = ((nearest - middle) ** 2).sum(axis=1) <= (reach**2)[:, 0]
    centre = EARTH_RADIUS_METRES
    inner = np.clip(centre, low, high)
    outer = np.maximum(np.abs(low - centre), np.abs(high - centre))
    inside = np.sqrt(((inner - centre) ** 2).sum(axis=1)) <= centre + _SLACK_METRES
    outside = np.sqrt((outer**2).sum(axis=1)) >= centre - _SLACK_METRES
    return near & inside & outside


def _touches(cube: tuple[int, int, int], edge: float, middle: Vector, reach: float) -> bool:
    low = np.array([cube], dtype=np.float64) * edge
    touching = _touch(low, np.array([[edge]]), np.array([middle]), np.array([[reach]]))
    return bool(touching[0])


def _chord(metres: float) -> float:
    """The straight way through the Earth between points so far apart on it."""
    return 2 * EARTH_RADIUS_METRES * math.sin(min(metres / (2 * EARTH_RADIUS_METRES), math.pi / 2))


def _number(level: int, x: int, y: int, z: int) -> int:
    return ((level << _BITS | x) << _BITS | y) << _BITS | z


def _numbers(levels: Integers, at: Integers) -> Integers:
    numbers: Integers = ((levels << _BITS | at[:, 0]) << _BITS | at[:, 1]) << _BITS | at[:, 2]
    return numbers
