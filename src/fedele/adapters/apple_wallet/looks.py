"""A card's looks: pictures and colours that change with the member, as folders of a design.

looks/tier/<level>/              shown to members of that level
looks/balance/<n>/               shown from a balance of n on (looks/balance_<currency>/<n>/ for another currency)

A look holds only what differs: pictures, or a brand.json with some of the colours. A design has looks of one kind.
"""

import bisect
import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from fedele.adapters.apple_wallet.colours import apple_colours, contrast_problems
from fedele.adapters.apple_wallet.images import image_problems, read_images
from fedele.domains.wallet.types import CardState

FOLDER = "looks"
BASE = ""
_ENOUGH = 60  # each is compiled and kept in memory


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What a card shows in one state: the whole template with its colours, and all files."""

    name: str
    template: dict[str, Any]
    files: dict[str, bytes]


@dataclasses.dataclass(frozen=True, slots=True)
class Looks:
    """The looks of a design. `by` is what decides: "tier", a balance's placeholder, or "" where there is one look."""

    base: Look
    by: str = ""
    thresholds: tuple[int, ...] = ()
    others: Mapping[str, Look] = dataclasses.field(default_factory=dict)

    def all(self) -> tuple[Look, ...]:
        """Every look, the base first."""
        return (self.base, *self.others.values())

    def name_for(self, card: CardState) -> str:
        """The name of the look that this card has."""
        if not self.by:
            return BASE
        if self.by == "tier":
            return card.tier_key if card.tier_key and card.tier_key in self.others else BASE
        have = _balance(card, self.by.removeprefix("balance").removeprefix("_"))
        at = bisect.bisect_right(self.thresholds, have) if have is not None else 0
        return str(self.thresholds[at - 1]) if at else BASE

    def of(self, card: CardState) -> Look:
        """The look that this card has."""
        name = self.name_for(card)
        return self.others[name] if name else self.base


def read_looks(folder: Path, base: Look, brand: Mapping[str, Any], problems: list[str]) -> Looks:
    """The design's looks over its base."""
    kinds = sorted(path for path in (folder / FOLDER).glob("*") if path.is_dir())
    if not kinds:
        return Looks(base)
    if len(kinds) > 1:
        problems.append(f"looks: is decided by one thing, not by {' and '.join(kind.name for kind in kinds)}; keep one")
    (kind, *_rest), others = kinds, {}
    if kind.name not in ("tier", "balance") and not kind.name.startswith("balance_"):
        problems.append(f"looks/{kind.name}: is unknown; use tier, balance or balance_<currency>")
        return Looks(base)
    stages = sorted(path for path in kind.iterdir() if path.is_dir())
    if kind.name != "tier" and (wrong := [stage.name for stage in stages if not _is_count(stage.name)]):
        problems.append(f"looks/{kind.name}/{wrong[0]}: must be a whole number: the balance it is shown from")
        return Looks(base)
    if len(stages) > _ENOUGH:
        problems.append(f"looks/{kind.name}: has {len(stages)} looks; {_ENOUGH} at most")
    for stage in stages[:_ENOUGH]:
        others[stage.name] = _read_look(stage, f"looks/{kind.name}/{stage.name}", base, brand, problems)
    thresholds = () if kind.name == "tier" else tuple(sorted(map(int, others)))
    return Looks(base, kind.name, thresholds, others)


def _read_look(folder: Path, name: str, base: Look, brand: Mapping[str, Any], problems: list[str]) -> Look:
    found: list[str] = []
    files = read_images(folder)
    found += image_problems(files, base.template, whole=False)
    own: dict[str, Any] = {}
    if (folder / "brand.json").exists():
        try:
            own = orjson.loads((folder / "brand.json").read_bytes())
        except orjson.JSONDecodeError as error:
            found.append(f"brand.json: line {error.lineno}: {error.msg}")
    template = base.template | apple_colours(own, found, whole=False)
    found += contrast_problems({**brand, **own})
    if not files and not own:
        found.append("holds neither a picture nor a brand.json; put in what differs, or take the folder out")
    problems += [f"{name}/{problem}" if ":" in problem else f"{name}: {problem}" for problem in found]
    return Look(folder.name, template, base.files | files)


def _is_count(name: str) -> bool:
    return name.isdecimal() and str(int(name)) == name and int(name) > 0


def _balance(card: CardState, currency: str) -> Decimal | None:
    if not currency:
        return card.balances[0].available if card.balances else None
    return next((each.available for each in card.balances if each.currency == currency), None)
