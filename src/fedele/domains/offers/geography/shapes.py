"""Circles and polygons on the Earth, without special cases at poles or the 180th meridian.

A polygon is seen from above its middle (gnomonic projection), where shortest ways are straight lines; so it must lie
within one half of the Earth, and being inside is the plain question of a polygon on a plane.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import TypeAlias

from fedele.kernel.distance import EARTH_RADIUS_METRES, distance_metres

Vector: TypeAlias = tuple[float, float, float]
Flat: TypeAlias = tuple[float, float]
SPREAD_MAX = math.radians(80)


class ShapeError(ValueError):
    """The points make no polygon."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cap:
    """A circle on the sphere: all that is at most `radius_metres` from its middle."""

    latitude: float
    longitude: float
    radius_metres: float

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether the point lies within, its edge included."""
        return distance_metres(latitude, longitude, self.latitude, self.longitude) <= self.radius_metres

    def distance(self, latitude: float, longitude: float) -> float:
        """Metres from its middle."""
        return distance_metres(latitude, longitude, self.latitude, self.longitude)

    @property
    def bound(self) -> "Cap":
        """Itself: a circle that holds the whole shape."""
        return self


@dataclasses.dataclass(frozen=True)
class Ring:
    """A polygon: its corners in order, and the circle around it. Made by `of`."""

    points: tuple[tuple[float, float], ...]
    bound: Cap

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]]) -> "Ring":
        """Raises ShapeError for what has no area, spans too much of the Earth or crosses itself."""
        corners = [point for i, point in enumerate(points) if point != points[i - 1]]
        if len(corners) < 3:
            raise ShapeError("needs three different points")
        vectors = [to_vector(*point) for point in corners]
        middle = _normal(tuple(sum(vector[axis] for vector in vectors) for axis in range(3)))
        if middle is None:
            raise ShapeError("its points lie all around the Earth: split it")
        spread = max(_angle(middle, vector) for vector in vectors)
        if spread > SPREAD_MAX:
            raise ShapeError("spans more than a third of the Earth: split it")
        radius = spread * EARTH_RADIUS_METRES * 1.000001 + 1  # a metre for rounding
        made = cls(tuple(corners), Cap(*to_degrees(middle), radius))
        if _crosses_itself(made.flat):
            raise ShapeError("its sides cross each other")
        if abs(_area(made.flat)) < 1e-16:
            raise ShapeError("has no area: its points lie on one line")
        return made

    @functools.cached_property
    def frame(self) -> tuple[Vector, Vector, Vector]:
        """The middle, and the directions of east and north there: the plane it is seen on."""
        up = to_vector(self.bound.latitude, self.bound.longitude)
        longitude = math.radians(self.bound.longitude)
        east = (-math.sin(longitude), math.cos(longitude), 0.0)
        return up, east, _cross(up, east)

    @functools.cached_property
    def flat(self) -> tuple[Flat, ...]:
        """The corners on the plane."""
        found = [self._project(*point) for point in self.points]
        assert all(found), "corners lie within the half of the Earth that is seen"
        return tuple(point for point in found if point is not None)

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether the point lies within: how often a ray to the right crosses its sides."""
        seen = self._project(latitude, longitude)
        if seen is None:
            return False
        x, y = seen
        inside = False
        for (x1, y1), (x2, y2) in zip(self.flat, (*self.flat[1:], self.flat[0]), strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
        return inside

    def distance(self, latitude: float, longitude: float) -> float:
        """Metres to its nearest side; 0 within."""
        if self.contains(latitude, longitude):
            return 0.0
        here = to_vector(latitude, longitude)
        corners = [to_vector(*point) for point in self.points]
        angles = [
            _angle_to_side(here, one, other) for one, other in zip(corners, corners[1:] + corners[:1], strict=True)
        ]
        return min(angles) * EARTH_RADIUS_METRES

    def _project(self, latitude: float, longitude: float) -> Flat | None:
        """On the plane; None for what lies beyond the horizon."""
        up, east, north = self.frame
        vector = to_vector(latitude, longitude)
        height = _dot(vector, up)
        if height <= 1e-6:
            return None
        return _dot(vector, east) / height, _dot(vector, north) / height


Shape: TypeAlias = Cap | Ring


def to_vector(latitude: float, longitude: float) -> Vector:
    """The point on the unit sphere."""
    phi, theta = math.radians(latitude), math.radians(longitude)
    return math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)


def to_degrees(vector: Vector) -> tuple[float, float]:
    """Latitude and longitude of a point on the unit sphere."""
    x, y, z = vector
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _cross(one: Vector, other: Vector) -> Vector:
    (a, b, c), (d, e, f) = one, other
    return b * f - c * e, c * d - a * f, a * e - b * d


def _normal(vector: Sequence[float]) -> Vector | None:
    length = math.sqrt(sum(part * part for part in vector))
    return None if length < 1e-9 else (vector[0] / length, vector[1] / length, vector[2] / length)


def _angle(one: Vector, other: Vector) -> float:
    crossed = _cross(one, other)
    return math.atan2(math.sqrt(_dot(crossed, crossed)), _dot(one, other))


def _angle_to_side(here: Vector, one: Vector, other: Vector) -> float:
    """The angle from a point to the nearest point of a great-circle arc."""
    pole = _normal(_cross(one, other))
    if pole is not None and _dot(_cross(pole, one), here) >= 0 >= _dot(_cross(pole, other), here):
        return abs(math.asin(max(-1.0, min(1.0, _dot(pole, here)))))
    return min(_angle(here, one), _angle(here, other))


def _area(flat: Sequence[Flat]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(flat, (*flat[1:], flat[0]), strict=True)) / 2


def _crosses_itself(flat: Sequence[Flat]) -> bool:
    sides = list(zip(flat, (*flat[1:], flat[0]), strict=True))
    count = len(sides)
    return any(
        _cross_each_other(*sides[i], *sides[j])
        for i in range(count)
        for j in range(i + 2, count)
        if (j + 1) % count != i  # neighbours share a corner
    )


def _cross_each_other(a: Flat, b: Flat, c: Flat, d: Flat) -> bool:
    def side(p: Flat, q: Flat, r: Flat) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
