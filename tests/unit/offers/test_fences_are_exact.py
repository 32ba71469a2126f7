"""The index of fences finds exactly what brute force finds: at poles, across the 180th meridian, for every size."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fedele.domains.offers.geography.cells import LEVEL_MAX, LEVEL_MIN, cells_of, cover_all, covering, level_of
from fedele.domains.offers.geography.index import ShapeIndex
from fedele.domains.offers.geography.shapes import Cap, Ring, ShapeError, to_degrees, to_vector
from fedele.kernel.distance import EARTH_RADIUS_METRES, distance_metres

latitudes = st.one_of(st.floats(-90, 90), st.floats(89.9, 90), st.floats(-90, -89.9), st.floats(-0.01, 0.01))
longitudes = st.one_of(st.floats(-180, 180), st.floats(179.99, 180), st.floats(-180, -179.99))
caps = st.builds(Cap, latitudes, longitudes, st.one_of(st.floats(100, 3_000), st.floats(3_000, 50_000)))


def beside(cap: Cap, bearing: float, share: float) -> tuple[float, float]:
    """A point at this share of a circle's radius from its middle."""
    angle, way = cap.radius_metres * share / EARTH_RADIUS_METRES, math.radians(bearing)
    theta = math.radians(cap.longitude)
    up = to_vector(cap.latitude, cap.longitude)
    east = (-math.sin(theta), math.cos(theta), 0.0)
    north = (up[1] * east[2] - up[2] * east[1], up[2] * east[0] - up[0] * east[2], up[0] * east[1] - up[1] * east[0])
    parts = [
        up[axis] * math.cos(angle) + math.sin(angle) * (north[axis] * math.cos(way) + east[axis] * math.sin(way))
        for axis in range(3)
    ]
    return to_degrees((parts[0], parts[1], parts[2]))


@settings(max_examples=40, deadline=None)
@given(st.lists(caps, min_size=1, max_size=40), st.data())
def test_the_index_equals_brute_force(shapes: list[Cap], data: st.DataObject) -> None:
    """At points just within, just outside and far from any of the circles."""
    index = ShapeIndex(shapes)
    for _ in range(6):
        cap = data.draw(st.sampled_from(shapes))
        share = data.draw(st.sampled_from([0.0, 0.5, 0.999999, 1.0, 1.000001, 1.5, 30.0]))
        latitude, longitude = beside(cap, data.draw(st.floats(0, 360)), share)
        expected = [number for number, shape in enumerate(shapes) if shape.contains(latitude, longitude)]
        assert index.holding(latitude, longitude) == expected


@settings(max_examples=60, deadline=None)
@given(caps, st.floats(0, 360), st.floats(0, 1))
@example(Cap(90.0, 0.0, 50_000), 10.0, 1.0)
@example(Cap(0.0, 180.0, 100), 90.0, 1.0)
def test_a_covering_misses_no_point_of_the_circle(cap: Cap, bearing: float, share: float) -> None:
    """Whatever lies within lies in one of its cubes; they are few; and many at once are covered as one by one."""
    import numpy as np

    cubes, level = covering(cap), level_of(cap.radius_metres)
    assert set(cells_of(*beside(cap, bearing, share), (level,))) <= set(cubes)
    assert len(cubes) <= 8
    together, numbers = cover_all(
        np.array([cap.latitude]), np.array([cap.longitude]), np.array([cap.radius_metres], dtype=float)
    )
    assert sorted(together.tolist()) == sorted(cubes)
    assert set(numbers.tolist()) == {0}


def test_levels_fit_their_circles() -> None:
    """The smallest and the largest that a programme may write have a level; larger circles, larger cubes."""
    assert level_of(1) == LEVEL_MIN
    assert level_of(20_000_000) == LEVEL_MAX
    assert [level_of(r) for r in (100, 1_000, 50_000)] == [9, 12, 18]


def test_a_polygon_across_the_180th_meridian() -> None:
    """Fiji's islands: Taveuni lies within on either side of the line, Tonga does not."""
    fiji = Ring.of([(-15.5, 176.5), (-15.5, -178.0), (-20.0, -178.0), (-20.0, 176.5)])
    assert fiji.contains(-16.8, 179.99)
    assert fiji.contains(-16.8, -179.99)
    assert not fiji.contains(-21.1, -175.2)
    assert not fiji.contains(-16.8, 0.0)
    assert ShapeIndex([fiji]).holding(-16.8, -179.9) == [0]


def test_a_polygon_that_holds_a_pole() -> None:
    """A square around the north pole holds it, from every longitude; the other pole is not in it."""
    arctic = Ring.of([(80, 0), (80, 90), (80, 180), (80, -90)])
    for longitude in (-180, -45.5, 0, 77.7, 180):
        assert arctic.contains(90, longitude)
        assert arctic.contains(86, longitude)
        assert not arctic.contains(-90, longitude)
    assert not arctic.contains(80.1, 45)  # the shortest way between corners passes nearer to the pole
    assert ShapeIndex([arctic]).holding(89.9999, -133.0) == [0]


@settings(max_examples=40, deadline=None)
@given(latitudes, longitudes, st.floats(0.01, 20), st.integers(3, 12), st.floats(0, 0.95), st.floats(0, 360))
def test_polygons_hold_what_lies_between_their_corners(
    latitude: float, longitude: float, degrees: float, corners: int, share: float, bearing: float
) -> None:
    """A regular polygon anywhere on Earth holds its inner circle and nothing beyond its outer one."""
    around = Cap(latitude, longitude, degrees * 111_195)
    ring = Ring.of([beside(around, 360 * i / corners, 1.0) for i in range(corners)])
    inner = share * math.cos(math.pi / corners) * 0.98
    assert ring.contains(*beside(around, bearing, inner * 0.99))
    outside = beside(around, bearing, 1.01)
    assert not ring.contains(*outside)
    index = ShapeIndex([ring])
    assert index.holding(*beside(around, bearing, inner * 0.99)) == [0]
    assert index.holding(*outside) == []
    assert 0 < ring.distance(*outside) <= distance_metres(*outside, latitude, longitude)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([(0, 0), (0, 0), (1, 1)], "three different"),
        ([(0, 0), (0, 1), (0, 2)], "no area"),
        ([(0, 0), (1, 1), (0, 1), (1, 0)], "cross"),
        ([(0, 0), (0, 120), (0, -120)], "all around"),
        ([(80, 0), (-85, 10), (80, 20)], "third of the Earth"),
    ],
)
def test_what_is_no_polygon_is_refused_in_words(points: list[tuple[float, float]], words: str) -> None:
    """Two points, a line, a bow tie, the equator, half the Earth."""
    with pytest.raises(ShapeError, match=words):
        Ring.of(points)
