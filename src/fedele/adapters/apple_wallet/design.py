"""A card design: one folder of `passes/`, read, checked and compiled once.

pass.json              Apple's pass.json with ${placeholders} (see placeholders.py and passes/README.md)
brand.json             backgroundColor, foregroundColor, labelColor as #rrggbb: the colours of both wallets
icon/logo/strip*.png   @1x, @2x, @3x (images.py); one for a single language lies in its <lang>.lproj
<lang>.lproj/pass.strings   UTF-8; every key the card uses, in every language (words.py)
looks/…                pictures and colours that change with the member's level or balance (looks.py)
google.json            the loyalty class's words (see adapters/google_wallet)
"""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import orjson

from fedele.adapters.apple_wallet.colours import apple_colours, contrast_problems
from fedele.adapters.apple_wallet.images import image_problems, read_images
from fedele.adapters.apple_wallet.looks import BASE, Look, Looks, read_looks
from fedele.adapters.apple_wallet.words import read_strings, string_problems

_KNOWN = ("pass.json", "brand.json", "google.json", "looks", "README.md")


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
    looks: Looks
    google: dict[str, Any] = dataclasses.field(default_factory=dict)


def load_design(folder: Path) -> Design:
    """Read a design folder. Raises DesignError naming every problem found, not just the first."""
    problems: list[str] = []
    template = _json(folder / "pass.json", problems)
    brand = _json(folder / "brand.json", problems)
    google = _json(folder / "google.json", problems) if (folder / "google.json").exists() else {}
    files = read_images(folder)
    problems += image_problems(files, template)
    strings = {}
    for path in sorted(folder.glob("*.lproj/pass.strings")):
        files[f"{path.parent.name}/pass.strings"] = path.read_bytes()
        strings[path.parent.stem] = read_strings(path, problems)
    problems += string_problems(template, strings) + _google_problems(google, strings) + _strangers(folder)
    template |= apple_colours(brand, problems)
    problems += contrast_problems(brand)
    looks = read_looks(folder, Look(BASE, template, files), brand, problems)
    if problems:
        raise DesignError([f"{folder.name}/{problem}" for problem in problems])
    return Design(folder.name, _version(template, google, looks), template, files, strings, looks, google)


def _version(template: dict[str, Any], google: dict[str, Any], looks: Looks) -> str:
    hashed = hashlib.sha256(orjson.dumps([template, google], option=orjson.OPT_SORT_KEYS))
    for look in looks.all():
        hashed.update(orjson.dumps([looks.by, look.name, look.template], option=orjson.OPT_SORT_KEYS))
        for name, content in sorted(look.files.items()):
            hashed.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return hashed.hexdigest()[:16]


def _json(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        value = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        problems.append(f"{path.name}: is missing; copy it from another design")
    except orjson.JSONDecodeError as error:
        problems.append(f"{path.name}: line {error.lineno}: {error.msg}")
    else:
        if isinstance(value, dict):
            return value
        problems.append(f"{path.name}: must be an object")
    return {}


def _google_problems(google: dict[str, Any], strings: dict[str, dict[str, str]]) -> list[str]:
    """Google's words must be there in the languages of Apple's."""
    problems = []
    for key, words in google.items():
        if not isinstance(words, dict):
            problems.append(f'google.json: {key} must be words by language, like {{"en": "Points"}}')
            continue
        problems += [f"google.json: {key} has no words in {each!r}" for each in strings if not words.get(each)]
    return problems


def _strangers(folder: Path) -> list[str]:
    """Files that no phone gets: a misspelt name would otherwise be a silent loss."""
    problems = []
    for path in sorted(folder.iterdir()):
        if path.name in _KNOWN or path.suffix == ".png" or path.name.startswith("."):
            continue
        if path.suffix == ".lproj" and path.is_dir():
            if not (path / "pass.strings").exists():
                problems.append(f"{path.name}: holds no pass.strings; put the words there")
        else:
            problems.append(f"{path.name}: is no part of a card; take it out, or correct its name")
    return problems
