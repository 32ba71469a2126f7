"""A card's colours: `brand.json` holds #rrggbb, as designers and Google do; Apple wants rgb()."""

import re
from collections.abc import Mapping
from typing import Any

CONTRAST_MIN = 4.5
COLOURS = ("backgroundColor", "foregroundColor", "labelColor")
_HEX = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
Rgb = tuple[int, int, int]


def apple_colours(brand: Mapping[str, Any], problems: list[str], *, whole: bool = True) -> dict[str, str]:
    """The colours as Apple writes them. `whole` is False where a look names only those that differ."""
    colours = {}
    for key in COLOURS:
        if rgb := hex_rgb(brand.get(key, "")):
            colours[key] = "rgb({}, {}, {})".format(*rgb)
        elif (brand and whole) or key in brand:
            problems.append(f"brand.json: {key} must be a colour like #0b5d3b")
    problems += [f"brand.json: {key} is unknown; it holds {', '.join(COLOURS)}" for key in brand if key not in COLOURS]
    return colours


def contrast_problems(brand: Mapping[str, Any]) -> list[str]:
    """Words that cannot be read on their ground. WCAG 2.2, success criterion 1.4.3."""
    ground = hex_rgb(brand.get("backgroundColor"))
    problems = []
    for key in ("foregroundColor", "labelColor"):
        words = hex_rgb(brand.get(key))
        if ground is None or words is None:
            continue
        found = contrast(ground, words)
        if found < CONTRAST_MIN:
            way = "lighter" if luminance(ground) < 0.18 else "darker"
            problems.append(
                f"brand.json: {key} on backgroundColor has a contrast of {found:.1f}, not {CONTRAST_MIN}; make it {way}"
            )
    return problems


def contrast(one: Rgb, other: Rgb) -> float:
    """How far two colours are apart, 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Rgb) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, definitions)."""
    shares = [part / 255 for part in colour]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hex_rgb(colour: Any) -> Rgb | None:
    """#rrggbb as three numbers; None for something else."""
    match = _HEX.fullmatch(str(colour))
    return (int(match[1], 16), int(match[2], 16), int(match[3], 16)) if match else None


def css_rgb(colour: str) -> Rgb:
    """Apple's rgb(r, g, b) as three numbers."""
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour))
    return red, green, blue
