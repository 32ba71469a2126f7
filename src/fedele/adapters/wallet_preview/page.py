"""Placing words and pictures on a face, from the left or, in Arabic, from the right."""

from typing import Literal

from fedele.adapters.wallet_preview import letters
from fedele.adapters.wallet_preview.items import Box, Code, Item, Picture, Rgb, Side, Words
from fedele.adapters.wallet_preview.reading import Said

Start = Literal["start", "centre", "end"]


class Page:
    """A face being laid out. `x` counts from where the language begins: the left, or the right."""

    def __init__(self, width: float, *, rtl: bool) -> None:
        self.width = width
        self.rtl = rtl
        self.items: list[Item] = []

    def box(self, x: float, top: float, width: float, height: float, fill: Rgb, corner: float = 0) -> None:
        """A filled rectangle."""
        left = self._left(x, width)
        self.items.append(Box(left=left, top=top, width=width, height=height, fill=fill, corner=corner))

    def shade(self, top: float, height: float, fill: Rgb) -> None:
        """A veil over the whole width that grows towards the bottom."""
        self.items.append(Box(left=0, top=top, width=self.width, height=height, fill=fill, shade=True))

    def picture(
        self, name: str, x: float, top: float, width: float, height: float, *, cover: bool = False, corner: float = 0
    ) -> None:
        """An image of the pass."""
        left = self._left(x, width)
        picture = Picture(name=name, left=left, top=top, width=width, height=height, cover=cover, corner=corner)
        self.items.append(picture)

    def code(self, code: tuple[str, str, str], x: float, top: float, width: float, height: float) -> None:
        """The barcode: format, message, encoding."""
        kind, message, encoding = code
        left = self._left(x, width)
        self.items.append(
            Code(
                format=kind, message=message, encoding=encoding, left=left, top=top, width=width, height=height
            )
        )  # fmt: skip

    def words(
        self,
        where: str,
        said: Said,
        x: float,
        top: float,
        room: float,
        points: float,
        colour: Rgb,
        *,
        weight: int = letters.REGULAR,
        start: Start = "start",
        smallest: float = 1.0,
    ) -> None:
        """A line. It shrinks down to `smallest` of its size before its end is cut off, as on the phone."""
        natural = letters.width(said.text, points, weight)
        size = points * min(1.0, max(smallest, room / natural)) if natural else points
        # A hair of tolerance: the shrunk line is exactly as wide as the room, but for rounding.
        drawn = letters.cut(said.text, size, weight, room + 0.05)
        side: Side = "centre" if start == "centre" else "left" if (start == "start") != self.rtl else "right"
        self.items.append(
            Words(
                where=where,
                key=said.key,
                said=said.text,
                drawn=drawn,
                left=self._left(x, room),
                top=top + (points - size) * 0.6,
                room=room,
                natural=natural,
                points=size,
                weight=weight,
                colour=colour,
                side=side,
            )
        )

    def _left(self, x: float, width: float) -> float:
        return self.width - x - width if self.rtl else x
