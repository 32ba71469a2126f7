"""Which fences hold a point: the fences of a programme, and an index of them in this process's memory.

The index in PostgreSQL is `stored.py`; both answer the same, which a property test holds against brute force.
"""

import dataclasses
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from fedele.domains.offers.config import AreasConfig, Offer, OffersConfig
from fedele.domains.offers.geography.cells import Integers, cells_of, cover_all
from fedele.domains.offers.geography.shapes import Cap, Shape
from fedele.domains.offers.geography.where import Area, Where
from fedele.domains.programme.config import Place, Places
from fedele.domains.programme.types import Programme

PROGRAMMES_KEPT = 3

Subject: TypeAlias = tuple[str, str | None]  # the offer's key, and the place's if it is one


@dataclasses.dataclass(frozen=True, slots=True)
class Fence:
    """A shape, and the offers (with their places) that ask for it."""

    shape: Shape
    subjects: tuple[Subject, ...]


class ShapeIndex:
    """Shapes by the cubes they touch, in two sorted arrays: 12 bytes a pair, some microseconds a question."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = shapes
        bounds = [shape.bound for shape in shapes]
        latitudes = np.fromiter((bound.latitude for bound in bounds), np.float64, len(bounds))
        longitudes = np.fromiter((bound.longitude for bound in bounds), np.float64, len(bounds))
        radii = np.fromiter((bound.radius_metres for bound in bounds), np.float64, len(bounds))
        cells, numbers = cover_all(latitudes, longitudes, radii)
        order = np.argsort(cells, kind="stable")
        self.cells: Integers = cells[order]
        self.numbers = numbers[order].astype(np.int32)
        self.levels: tuple[int, ...] = tuple(np.unique(self.cells >> 51).tolist())

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Every (cube, number of the shape)."""
        return zip(self.cells.tolist(), self.numbers.tolist(), strict=True)

    def holding(self, latitude: float, longitude: float) -> list[int]:
        """The numbers of the shapes that hold the point, ascending."""
        asked = cells_of(latitude, longitude, self.levels)
        first = np.searchsorted(self.cells, asked, "left").tolist()
        last = np.searchsorted(self.cells, asked, "right").tolist()
        found = {
            number
            for low, high in zip(first, last, strict=True)
            if low < high
            for number in self.numbers[low:high].tolist()
        }
        return self.exactly(found, latitude, longitude)

    def exactly(self, numbers: set[int] | Sequence[int], latitude: float, longitude: float) -> list[int]:
        """Of these, the ones that really hold the point."""
        shapes = self.shapes
        return sorted(number for number in numbers if shapes[number].contains(latitude, longitude))


@dataclasses.dataclass(frozen=True, slots=True)
class Fences:
    """The fences of one programme version with their index."""

    fences: tuple[Fence, ...]
    index: ShapeIndex

    @classmethod
    def of(cls, programme: Programme) -> "Fences":
        """All that offers with a place ask for; equal shapes are one fence."""
        subjects: dict[Shape, list[Subject]] = {}
        for offer in programme.section(OffersConfig):
            if offer.where is not None and not offer.where.beacons and offer.state in ("live", "scheduled"):
                for shape, place in shapes_of(offer, programme):
                    subjects.setdefault(shape, []).append((offer.key, place.key if place else None))
        fences = tuple(Fence(shape, tuple(found)) for shape, found in subjects.items())
        return cls(fences, ShapeIndex([fence.shape for fence in fences]))

    def subjects(self, numbers: Sequence[int]) -> dict[str, str | None]:
        """The offers behind these fences, each with one of the places that brought it."""
        found: dict[str, str | None] = {}
        for number in numbers:
            for offer_key, place_key in self.fences[number].subjects:
                found[offer_key] = found.get(offer_key) or place_key
        return found


def shapes_of(offer: Offer, programme: Programme) -> Iterator[tuple[Shape, Place | None]]:
    """Every shape that an offer asks for, with its place if it is one."""
    where = offer.where
    if where is None:
        return
    for place in places_of(offer, programme):
        yield Cap(place.latitude, place.longitude, where.radius_metres or place.radius_metres), place
    areas = {area.key: area for area in programme.section(AreasConfig)} if where.areas else {}
    holders: list[Where | Area] = [where, *(areas[key] for key in where.areas)]
    for holder in holders:
        for circle in holder.circles:
            yield circle.shape(), None
        for polygon in holder.polygons:
            yield polygon.shape(), None


def places_of(offer: Offer, programme: Programme) -> list[Place]:
    """The places that an offer asks for."""
    where = offer.where
    if where is None or not (where.places or where.tags):
        return []
    return [
        place
        for place in programme.section(Places)
        if where.places == "all" or place.key in where.places or any(tag in where.tags for tag in place.tags)
    ]


class FencesByVersion:
    """The fences of the programmes in use, made when first asked for and dropped when others take their place."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[OffersConfig, Fences]] = OrderedDict()

    def of(self, programme: Programme) -> Fences:
        """The fences of this version of the programme."""
        section = programme.section(OffersConfig)
        known = self._known.get(id(section))  # the section is kept with it, so its id belongs to nothing else
        if known is None:
            known = self._known[id(section)] = (section, Fences.of(programme))
            if len(self._known) > PROGRAMMES_KEPT:
                self._known.popitem(last=False)
        return known[1]
