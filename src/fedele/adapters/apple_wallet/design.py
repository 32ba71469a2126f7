"""A card design: one folder of `passes/`, read, checked and compiled once.

pass.json              Apple's pass.json with ${placeholders} (see placeholders.py and passes/README.md)
brand.json             backgroundColor, foregroundColor, labelColor as #rrggbb: the colours of both wallets
icon/logo/strip*.png   @1x, @2x, @3x
<lang>.lproj/pass.strings   UTF-8; every key the card uses, in every language
google.json            the loyalty class's words (see adapters/google_wallet)
"""

import dataclasses
import hashlib
import re
import struct
from pathlib import Path
from typing import Any

import orjson

SCALES = ("", "@2x", "@3x")
# Points, at @1x: (width max, height max); an icon is exactly square. Apple, "Pass Design and Creation".
IMAGE_POINTS_MAX = {"icon": (38, 38), "logo": (160, 50), "strip": (375, 144), "thumbnail": (90, 90)}
IMAGES_REQUIRED = ("icon",)
CONTRAST_MIN = 4.5
COLOURS = ("backgroundColor", "foregroundColor", "labelColor")

_STRING = re.compile(r'"((?:[^"\\]|\\.)+)"\s*=\s*"((?:[^"\\]|\\.)*)"\s*;')
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
_HEX = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class DesignError(ValueError):
    """Something in a design folder would not show, or not be accepted, on a phone. One line a problem, file first."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclasses.dataclass(frozen=True, slots=True)
class Design:
    """A checked design. `files` go into every pass as they are; `version` is a hash of everything in the folder."""

    name: str
    version: str
    template: dict[str, Any]
    files: dict[str, bytes]
    strings: dict[str, dict[str, str]]  # language → key → words
    google: dict[str, Any] = dataclasses.field(default_factory=dict)


def load_design(folder: Path) -> Design:
    """Read a design folder. Raises DesignError naming every problem found, not just the first."""
    problems: list[str] = []
    template = _json(folder / "pass.json", problems)
    brand = _json(folder / "brand.json", problems)
    google = _json(folder / "google.json", problems) if (folder / "google.json").exists() else {}
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}
    problems += _image_problems(files)
    strings = {}
    for path in sorted(folder.glob("*.lproj/pass.strings")):
        files[f"{path.parent.name}/pass.strings"] = path.read_bytes()
        strings[path.parent.stem] = _strings(path, problems)
    problems += _string_problems(template, strings)
    template |= _colours(brand, problems)
    problems += _contrast_problems(brand)
    if problems:
        raise DesignError([f"{folder.name}/{problem}" for problem in problems])
    everything = orjson.dumps([template, google], option=orjson.OPT_SORT_KEYS)
    hashed = hashlib.sha256(everything)
    for name, content in sorted(files.items()):
        hashed.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return Design(folder.name, hashed.hexdigest()[:16], template, files, strings, google)


def _json(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        value = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        problems.append(f"{path.name}: is missing")
    except orjson.JSONDecodeError as error:
        problems.append(f"{path.name}: line {error.lineno}: {error.msg}")
    else:
        if isinstance(value, dict):
            return value
        problems.append(f"{path.name}: must be an object")
    return {}


def _colours(brand: dict[str, Any], problems: list[str]) -> dict[str, str]:
    """Apple wants rgb(); brand.json holds #rrggbb, as designers and Google do."""
    colours = {}
    for key in COLOURS:
        if match := _HEX.fullmatch(str(brand.get(key, ""))):
            colours[key] = "rgb({}, {}, {})".format(*(int(part, 16) for part in match.groups()))
        elif brand:
            problems.append(f"brand.json: {key} must be a colour like #0b5d3b")
    return colours


def _contrast_problems(brand: dict[str, Any]) -> list[str]:
    """Words that cannot be read on their ground. WCAG 2.2, success criterion 1.4.3."""
    ground = _luminance(brand.get("backgroundColor"))
    problems = []
    for key in ("foregroundColor", "labelColor"):
        words = _luminance(brand.get(key))
        if ground is None or words is None:
            continue
        contrast = (max(ground, words) + 0.05) / (min(ground, words) + 0.05)
        if contrast < CONTRAST_MIN:
            problems.append(
                f"brand.json: {key} on backgroundColor has a contrast of {contrast:.1f}, not {CONTRAST_MIN}"
            )
    return problems


def _luminance(colour: Any) -> float | None:
    """Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2, definitions); None for something else."""
    match = _HEX.fullmatch(str(colour))
    if match is None:
        return None
    shares = [int(part, 16) / 255 for part in match.groups()]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _image_problems(files: dict[str, bytes]) -> list[str]:
    problems = [
        f"{image}{scale}.png: is missing; Wallet refuses a pass without it"
        for image in IMAGES_REQUIRED
        for scale in SCALES
        if f"{image}{scale}.png" not in files
    ]
    for name, content in files.items():
        image, _, scale_text = name.removesuffix(".png").partition("@")
        if image not in IMAGE_POINTS_MAX:
            known = ", ".join(IMAGE_POINTS_MAX)
            problems.append(f"{name}: Wallet knows no such image; use {known}")
            continue
        scale = int(scale_text[:1] or 1)
        width_max, height_max = (points * scale for points in IMAGE_POINTS_MAX[image])
        width, height = png_size(content)
        if width > width_max or height > height_max:
            problems.append(f"{name}: is {width}×{height} pixels, more than {width_max}×{height_max}")
        if image == "icon" and (width, height) != (width_max, height_max):
            problems.append(f"{name}: is {width}×{height} pixels; an icon is {width_max}×{height_max}")
    return problems


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the PNG's header; (0, 0) for something else."""
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        return 0, 0
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _strings(path: Path, problems: list[str]) -> dict[str, str]:
    name = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(f"{name}: is not UTF-8 (byte {error.start}); save it as UTF-8")
        return {}
    if not text.startswith('"'):
        problems.append(f"{name}: must begin with a key; readers take a file that begins otherwise for UTF-16")
    bare = _COMMENT.sub("", text)
    if left := _STRING.sub("", bare).strip():
        problems.append(f'{name}: cannot read {left.splitlines()[0]!r}; write "key" = "words";')
    return {_unescape(key): _unescape(words) for key, words in _STRING.findall(bare)}


def _unescape(text: str) -> str:
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


def _string_problems(template: dict[str, Any], strings: dict[str, dict[str, str]]) -> list[str]:
    """Every language must know every key another knows; a change message must say what changed in each."""
    problems = [] if strings else ["en.lproj/pass.strings: is missing; a card needs at least one language"]
    every_key = {key for words in strings.values() for key in words}
    for language, words in strings.items():
        name = f"{language}.lproj/pass.strings"
        problems += [f"{name}: has no words for {key!r}" for key in sorted(every_key - words.keys())]
        for message in _change_messages(template):
            if "%@" not in words.get(message, message):
                problems.append(f"{name}: {message!r} is a changeMessage and must hold %@, or nobody is notified")
    return problems


def _change_messages(value: Any) -> list[str]:
    if isinstance(value, list):
        return [message for each in value for message in _change_messages(each)]
    if not isinstance(value, dict):
        return []
    own = [value["changeMessage"]] if isinstance(value.get("changeMessage"), str) else []
    return own + [message for each in value.values() for message in _change_messages(each)]
