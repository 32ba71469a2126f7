"""What a face is made of: rectangles, pictures, words and a code, placed in points from the top left."""

import dataclasses
from typing import Literal

Rgb = tuple[int, int, int]
Side = Literal["left", "centre", "right"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A filled rectangle; `corner` rounds it, `shade` makes it fade in from the top, darkest at the bottom."""

    left: float
    top: float
    width: float
    height: float
    fill: Rgb
    corner: float = 0
    shade: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image of the pass, scaled into its place; `cover` fills that and crops what is over, `corner` rounds it."""

    name: str
    left: float
    top: float
    width: float
    height: float
    cover: bool = False
    corner: float = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line. `room` is the width it may take, `natural` what it would take at its full size.

    `drawn` differs from `said` where the end had to be cut off. `where` is the path in pass.json, `key` the key of
    pass.strings that the words came from, if they did.
    """

    where: str
    key: str | None
    said: str
    drawn: str
    left: float
    top: float
    room: float
    natural: float
    points: float
    weight: int
    colour: Rgb
    side: Side = "left"

    @property
    def is_cut(self) -> bool:
        """Is something of it not shown?"""
        return self.said != self.drawn

    @property
    def height(self) -> float:
        """The line's height in points."""
        return self.points * 1.22


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The barcode: its format and message, and the place for its modules."""

    format: str
    message: str
    encoding: str
    left: float
    top: float
    width: float
    height: float


Item = Box | Picture | Words | Code


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One side of the card. `title` stands above it on the preview."""

    name: Literal["front", "poster", "back"]
    title: str
    width: float
    height: float
    ground: Rgb
    items: tuple[Item, ...]

    def words(self) -> tuple[Words, ...]:
        """Every line on it."""
        return tuple(item for item in self.items if isinstance(item, Words))
