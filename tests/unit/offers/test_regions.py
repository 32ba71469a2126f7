"""Regions: the nearest places that a phone can watch, and the circle that says when to ask again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.offers.geography.regions import nearest_regions
from fedele.domains.programme.config import Place
from fedele.domains.programme.types import Text
from fedele.kernel.clock import Position
from fedele.kernel.distance import distance_metres


def places(*positions: tuple[float, float]) -> list[Place]:
    """Places at these latitudes and longitudes."""
    return [
        Place(key=f"p{number}", name=Text({"": "P"}), latitude=latitude, longitude=longitude)
        for number, (latitude, longitude) in enumerate(positions)
    ]


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [((52.5163, 13.3777), (48.8584, 2.2945), 878_000), ((0, 0), (0, 180), 20_015_115), ((10, 20), (10, 20), 0)],
)
def test_distances_are_known_ones(one: tuple[float, float], other: tuple[float, float], metres: float) -> None:
    """Berlin to Paris, half the equator, and nothing: within half a per cent."""
    assert distance_metres(*one, *other) == pytest.approx(metres, rel=0.005)


near = st.tuples(st.floats(39.5, 40.5), st.floats(-83.5, -82.5))


@given(st.lists(near, min_size=0, max_size=60), near, st.sampled_from([1, 2, 20, 100]))
def test_the_nearest_are_chosen_and_none_is_missed_inside_the_refresh_region(
    positions: list[tuple[float, float]], here: tuple[float, float], count: int
) -> None:
    """At most `count` regions with the refresh one; every place left out is farther than all that were kept, and none
    of them begins before the member leaves the refresh region."""
    chosen = nearest_regions(places(*positions), Position(*here), count)
    kept = {region.place_key for region in chosen.regions}
    assert len(chosen.regions) + 1 <= max(count, 1)
    far = max((region.distance_metres for region in chosen.regions), default=0.0)
    for place in places(*positions):
        if place.key not in kept:
            away = distance_metres(*here, place.latitude, place.longitude)
            assert away >= far
            if chosen.refresh.radius_metres > 100:
                assert away - place.radius_metres >= chosen.refresh.radius_metres - 1


def test_without_places_the_refresh_region_is_wide() -> None:
    """A programme without places asks its phones to come back only after a long way."""
    assert nearest_regions([], Position(1, 2), 20).refresh.radius_metres == 50_000
