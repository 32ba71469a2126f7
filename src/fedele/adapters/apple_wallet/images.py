"""The pictures of a card: which Wallet knows, how large each may be, and in which styles it is shown.

Points at @1x: Apple, Human Interface Guidelines, "Wallet"; artwork and primaryLogo belong to posters.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCALES = ("", "@2x", "@3x")
# (width max, height max); an icon, a strip, a background and an artwork fill their space exactly.
POINTS_MAX = {
    "icon": (38, 38),
    "logo": (160, 50),
    "strip": (375, 144),
    "thumbnail": (90, 90),
    "background": (343, 503),
    "artwork": (358, 448),
    "primaryLogo": (126, 30),
    "secondaryLogo": (135, 12),
}
EXACT = ("icon",)
REQUIRED = ("icon",)
_STYLES = ("storeCard", "coupon", "eventTicket", "generic", "posterGeneric")
_SHOWN_BY = {
    "strip": ("storeCard", "coupon", "eventTicket"),
    "thumbnail": ("generic", "eventTicket"),
    "background": ("eventTicket",),
    "artwork": ("posterGeneric", "eventTicket"),
    "primaryLogo": ("posterGeneric", "eventTicket"),
    "secondaryLogo": ("eventTicket",),
}
BYTES_MAX = 1024 * 1024  # of one picture; a phone fetches all of them with every update


def read_images(folder: Path) -> dict[str, bytes]:
    """The pictures of a folder, those for one language (ar.lproj/strip.png) among them."""
    found = sorted([*folder.glob("*.png"), *folder.glob("*.lproj/*.png")])
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def shown_in(files: Mapping[str, bytes], language: str) -> dict[str, bytes]:
    """The files as a phone in this language sees them: what is localised takes the place of what is not."""
    folder = f"{language.partition('-')[0]}.lproj/"
    own = {name.removeprefix(folder): content for name, content in files.items() if name.startswith(folder)}
    return {**files, **own}


def image_problems(files: Mapping[str, bytes], template: Mapping[str, Any], *, whole: bool = True) -> list[str]:
    """What is wrong with the pictures, one line each, the file first. `whole` is False for a look's own few."""
    problems = []
    names = {name for name in files if name.endswith(".png")}
    required = (*REQUIRED, "artwork") if "posterGeneric" in template else REQUIRED
    if whole:
        problems += [
            f"{image}{scale}.png: is missing; {_why_needed(image)}; draw it {_size(image, scale)} pixels"
            for image in required
            for scale in SCALES
            if f"{image}{scale}.png" not in names
        ]
    for name in sorted(names):
        problems += _problems_of(name, files[name], template)
    for path in sorted({name.removesuffix(".png").partition("@")[0] for name in names} - set(required)):
        image = path.rpartition("/")[2]
        if image in POINTS_MAX:
            problems += [
                f"{path}{scale}.png: is missing beside its other sizes; draw it up to {_size(image, scale)} pixels"
                for scale in SCALES
                if f"{path}{scale}.png" not in names
            ]
    return problems


def _why_needed(image: str) -> str:
    return "a poster is blank without it" if image == "artwork" else "Wallet refuses a pass without it"


def _problems_of(name: str, content: bytes, template: Mapping[str, Any]) -> list[str]:
    image, _, scale_text = name.rpartition("/")[2].removesuffix(".png").partition("@")
    if image not in POINTS_MAX or f"@{scale_text}" not in ("@", *SCALES):
        return [f"{name}: Wallet knows no such image; use {', '.join(POINTS_MAX)} with {', '.join(SCALES[1:])} or none"]
    width, height = png_size(content)
    if not width:
        return [f"{name}: is not a PNG; save it as one"]
    problems = []
    scale = int(scale_text[:1] or 1)
    width_max, height_max = (points * scale for points in POINTS_MAX[image])
    if width > width_max or height > height_max:
        problems.append(f"{name}: is {width}×{height} pixels, more than {width_max}×{height_max}; make it smaller")
    if image in EXACT and (width, height) != (width_max, height_max):
        problems.append(f"{name}: is {width}×{height} pixels; an {image} is {width_max}×{height_max}")
    if len(content) > BYTES_MAX:
        problems.append(f"{name}: is {len(content) // 1024} KB; phones fetch it with every update: pack it below 1 MB")
    styles = _SHOWN_BY.get(image)
    known = any(style in template for style in _STYLES)
    if styles and known and not any(style in template for style in styles):
        problems.append(f"{name}: is shown by {' and '.join(styles)} only, and this is none of them; take it out")
    return problems


def _size(image: str, scale: str) -> str:
    times = int(scale[1:2] or 1)
    return "×".join(str(points * times) for points in POINTS_MAX[image])


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the PNG's header; (0, 0) for something else."""
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        return 0, 0
    width, height = struct.unpack(">II", content[16:24])
    return width, height
