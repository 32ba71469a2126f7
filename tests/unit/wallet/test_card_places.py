"""The ten places on a card are the member's own store and its neighbours."""

import pytest

from fedele.domains.programme.config import Place
from fedele.domains.programme.types import Text
from fedele.domains.wallet.nearest import distance_metres, nearest


def place(key: str, latitude: float, longitude: float) -> Place:
    """A shop."""
    return Place(key=key, name=Text({"": key}), latitude=latitude, longitude=longitude)


LINE = [place(f"store-{n}", 45.0, 9.0 + n / 10) for n in range(20)]


def test_the_own_store_comes_first_and_its_neighbours_follow() -> None:
    """Nearest to store 12, in order, no more than asked."""
    chosen = nearest(LINE, ["store-12"], 5)
    assert chosen[0].key == "store-12"
    assert {each.key for each in chosen} == {f"store-{n}" for n in range(10, 15)}


def test_usual_stores_come_first_and_then_what_is_near_any_of_them() -> None:
    """Home at one end and work at the other: both, and the neighbours of both, nearest first; nothing between."""
    chosen = nearest(LINE, ["store-0", "gone", "store-19"], 6)
    assert [each.key for each in chosen[:2]] == ["store-0", "store-19"]
    assert {each.key for each in chosen} == {"store-0", "store-1", "store-2", "store-17", "store-18", "store-19"}


@pytest.mark.parametrize("home", [None, "closed-long-ago"])
def test_without_a_store_the_programmes_order_holds(home: str | None) -> None:
    """Nobody's store, or one that is gone: the first places of the file."""
    assert nearest(LINE, [home] if home else [], 10) == tuple(LINE[:10])


def test_distances_are_the_earths() -> None:
    """Milan to Rome is 477 km; across the date line is near; the other side of the Earth is half its girth."""
    milan, rome = place("milan", 45.4642, 9.19), place("rome", 41.9028, 12.4964)
    assert distance_metres(milan, rome) == pytest.approx(477_000, rel=0.01)
    assert distance_metres(place("a", 0, 179.99), place("b", 0, -179.99)) == pytest.approx(2_224, rel=0.01)
    assert distance_metres(place("a", 0, 0), place("b", 0, 180)) == pytest.approx(20_015_000, rel=0.01)
