"""Where an offer holds: circles, polygons, sets of stores, named areas, beacons, as the programme file writes them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.offers.geography.shapes import Cap, Ring, ShapeError
from fedele.domains.programme.types import Defines, Key, PlaceRef, Refers, Section, Text

AreaRef = Annotated[str, Refers("area")]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Circle(Section):
    """A circle on the map."""

    latitude: Latitude
    longitude: Longitude
    radius_metres: int = Field(ge=100, le=50_000)

    def shape(self) -> Cap:
        """As geometry."""
        return Cap(self.latitude, self.longitude, self.radius_metres)


class Polygon(Section):
    """A polygon on the map: `points: [[latitude, longitude], …]`, its sides the shortest ways between them.

    It may cross the 180th meridian and hold a pole. It is the side on which its middle lies.
    """

    points: tuple[tuple[Latitude, Longitude], ...] = Field(min_length=3, max_length=500)

    @model_validator(mode="after")
    def _is_one(self) -> "Polygon":
        try:
            self.shape()
        except ShapeError as error:
            raise ValueError(str(error)) from None
        return self

    def shape(self) -> Ring:
        """As geometry."""
        return Ring.of(self.points)


class Area(Section):
    """A named part of the map that several offers may name: a quarter, a country, a ski resort."""

    key: Annotated[Key, Defines("area")]
    name: Text
    circles: tuple[Circle, ...] = ()
    polygons: tuple[Polygon, ...] = ()

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Area":
        if not self.circles and not self.polygons:
            raise ValueError("needs circles or polygons")
        return self


class Where(Section):
    """Places that trigger it. The member must be within one of them."""

    places: tuple[PlaceRef, ...] | Literal["all"] = ()
    """Keys of places, or `all`."""
    tags: tuple[Key, ...] = ()
    """Places that carry one of these tags: a set of stores that grows by itself."""
    radius_metres: int | None = Field(default=None, ge=100, le=50_000)
    """Instead of each place's own radius."""
    circles: tuple[Circle, ...] = ()
    polygons: tuple[Polygon, ...] = ()
    areas: tuple[AreaRef, ...] = ()
    """Keys of areas."""
    beacons: bool = False
    """Only by a beacon of one of its places: heard, not measured."""
    needed_to: Literal["see", "claim"] = "see"
    """Whether a member elsewhere (or without a position) does not see it, or sees it and cannot claim it yet."""
