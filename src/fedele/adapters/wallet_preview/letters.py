"""The letters of the preview: how wide words are, and where they break."""

from functools import lru_cache
from importlib.resources import files

from PIL import ImageFont, features

REGULAR, MEDIUM, SEMIBOLD = 400, 500, 600
ELLIPSIS = "…"
RIGHT_TO_LEFT_MARK = "\u200f"
_MEASURED_AT = 64  # pixels; widths grow in proportion


class NoShaping(RuntimeError):
    """This Pillow cannot shape Arabic: a preview would show letters apart and backwards."""


def is_rtl(language: str) -> bool:
    """Is this language written from right to left?"""
    return language.partition("-")[0] in {"ar", "he", "fa", "ur"}


@lru_cache(maxsize=128)
def font(pixels: int, weight: int) -> ImageFont.FreeTypeFont:
    """Rubik in this size. Raises NoShaping."""
    if not features.check("raqm"):
        raise NoShaping("this Pillow was built without libraqm; install Pillow's own wheel: pip install --force pillow")
    path = files("fontpkg_rubik").joinpath("files", "Rubik[wght].ttf")
    made = ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.RAQM)
    made.set_variation_by_axes([weight])
    return made


@lru_cache(maxsize=8192)
def width(text: str, points: float, weight: int = REGULAR) -> float:
    """How wide the text is, in points."""
    return font(_MEASURED_AT, weight).getlength(text, direction=direction(text)) * points / _MEASURED_AT


def direction(text: str) -> str:
    """Which way the text runs: as its first letter does (UAX #9, P2 and P3)."""
    for letter in text:
        if "\u0590" <= letter <= "\u08ff" or "\ufb1d" <= letter <= "\ufefc" or letter == RIGHT_TO_LEFT_MARK:
            return "rtl"
        if letter.isalpha():
            return "ltr"
    return "ltr"


def cut(text: str, points: float, weight: int, room: float) -> str:
    """The text as far as there is room, with an ellipsis if it had to end early."""
    if width(text, points, weight) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + ELLIPSIS, points, weight) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + ELLIPSIS


def wrapped(text: str, points: float, weight: int, room: float) -> list[str]:
    """The text in lines no wider than the room, broken between words; a longer word is broken where it must be."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if width(longer, points, weight) <= room:
                line = longer
                continue
            lines += [line] if line else []
            line = word
            while width(line, points, weight) > room and len(line) > 1:
                fits = max(1, len(cut(line, points, weight, room)) - 1)
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line)
    return lines
