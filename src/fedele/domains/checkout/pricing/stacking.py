"""Which discounts a basket takes together, and what each takes off each line, to the minor unit.

Of one stacking group a basket takes one; discounts of different groups combine; one that is not combinable stands
alone. Those taken are applied one after the other (free products, free delivery, shares, amounts), each to what the
earlier ones left, so no line ever falls below zero and the parts sum exactly.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from uuid import UUID

from fedele.domains.activity.types import Line
from fedele.domains.till.config import DiscountsConfig
from fedele.kernel.apportion import apportion

Kind = Literal["free_product", "free_shipping", "percent", "amount"]
LeftOutCode = Literal[
    "NOTHING_TO_DISCOUNT", "MINIMUM_SPEND", "OTHER_MONEY", "GROUP_TAKEN", "NOT_COMBINABLE", "TOO_MANY", "SHARE_REACHED",
    "MARGIN_FLOOR",
]  # fmt: skip
_RANK: Mapping[Kind, int] = {"free_product": 0, "free_shipping": 1, "percent": 2, "amount": 3}
COMBINATIONS_MAX = 4096
PER_GROUP_MAX = 3  # the best of each group that are tried together when there are very many


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What one discount takes off, per line number; or why nothing."""

    lines: Mapping[int, int] = dataclasses.field(default_factory=dict)
    stopped: LeftOutCode | None = None

    @property
    def minor(self) -> int:
        """All lines together."""
        return sum(self.lines.values())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A discount that the member has in hand. `off(already)`: what it takes when so much is off each line already."""

    source: Literal["offer", "reward"]
    id: UUID  # of the claim or the redemption
    key: str
    title: str
    kind: Kind
    off: Callable[[Mapping[int, int]], Taken]
    group: str = "standard"
    combinable: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Applied:
    """A discount that was taken, and its part of each line."""

    candidate: Candidate
    lines: Mapping[int, int]

    @property
    def minor(self) -> int:
        """All lines together."""
        return sum(self.lines.values())


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOut:
    """A discount that stays in hand, and why."""

    candidate: Candidate
    code: LeftOutCode


@dataclasses.dataclass(frozen=True, slots=True)
class Priced:
    """The lines as they are to be paid, what was taken off, and what was not."""

    lines: tuple[Line, ...]
    applied: tuple[Applied, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def saved_minor(self) -> int:
        """What all discounts take off together."""
        return sum(applied.minor for applied in self.applied)


def price(lines: Sequence[Line], candidates: Sequence[Candidate], config: DiscountsConfig) -> Priced:
    """Choose the discounts and take them off. The same input gives the same answer, so a settle repeats its quote."""
    if not candidates:
        return Priced(tuple(lines))
    room = _share(sum(line.amount_minor for line in lines), config.share_max_percent)
    order = _declared_order(candidates, config)
    left_out, viable = [], []
    for candidate in order:
        alone = candidate.off({})
        if alone.stopped or not alone.minor:
            left_out.append(LeftOut(candidate, alone.stopped or "NOTHING_TO_DISCOUNT"))
        else:
            viable.append((candidate, alone.minor))
    chosen = _best(viable, config, room) if config.choose == "best" else _first(viable, config)
    applied, nothing_left = _apply(chosen, room)
    taken = {candidate.id for candidate in chosen}
    left_out += [LeftOut(candidate, "SHARE_REACHED") for candidate in nothing_left]
    left_out += [LeftOut(one, _why_not(one, chosen, config)) for one, _ in viable if one.id not in taken]
    return Priced(_reduced(lines, applied), tuple(applied), tuple(left_out))


def _declared_order(candidates: Sequence[Candidate], config: DiscountsConfig) -> list[Candidate]:
    places = {key: place for place, key in enumerate(config.order)}
    return sorted(
        candidates, key=lambda candidate: places.get(candidate.key, len(places))
    )  # stable: the caller's order


def _first(viable: Sequence[tuple[Candidate, int]], config: DiscountsConfig) -> list[Candidate]:
    chosen: list[Candidate] = []
    for candidate, _ in viable:
        if _fits([*chosen, candidate], config):
            chosen.append(candidate)
    return chosen


def _best(viable: Sequence[tuple[Candidate, int]], config: DiscountsConfig, room: int) -> list[Candidate]:
    """The combination that saves most; of equals the one with fewer discounts, then the first declared."""
    best: list[Candidate] = []
    score = (0, 0)
    for combination in _combinations(viable):
        if not combination or not _fits(combination, config):
            continue
        applied, nothing_left = _apply(combination, room)
        if nothing_left:
            continue  # a smaller combination saves as much
        saved = sum(one.minor for one in applied), -len(combination)
        if saved > score:
            best, score = list(combination), saved
    return best


def _combinations(viable: Sequence[tuple[Candidate, int]]) -> list[list[Candidate]]:
    """Every choice of one or none of each group, in the declared order."""
    groups: dict[str, list[tuple[Candidate, int]]] = {}
    for candidate, alone in viable:
        groups.setdefault(candidate.group, []).append((candidate, alone))
    choices = list(groups.values())
    if _count(choices) > COMBINATIONS_MAX:
        choices = [sorted(group, key=lambda pair: -pair[1])[:PER_GROUP_MAX] for group in choices]
    while _count(choices) > COMBINATIONS_MAX:
        # Hopelessly many: the group whose best saves least goes.
        choices.remove(min(choices, key=lambda group: max(alone for _, alone in group)))
    options: list[list[Candidate | None]] = [[None, *(candidate for candidate, _ in group)] for group in choices]
    return [[one for one in combination if one is not None] for combination in itertools.product(*options)]


def _count(choices: Sequence[Sequence[object]]) -> int:
    count = 1
    for group in choices:
        count *= len(group) + 1
    return count


def _fits(chosen: Sequence[Candidate], config: DiscountsConfig) -> bool:
    groups = {candidate.group for candidate in chosen}
    alone = any(not candidate.combinable for candidate in chosen)
    return len(groups) == len(chosen) <= config.together_max and not (alone and len(chosen) > 1)


def _apply(chosen: Sequence[Candidate], room: int) -> tuple[list[Applied], list[Candidate]]:
    """Take them off one after the other; those for which nothing is left come back."""
    applied: list[Applied] = []
    nothing_left: list[Candidate] = []
    already: dict[int, int] = {}
    for candidate in sorted(chosen, key=lambda one: _RANK[one.kind]):
        parts = _within(candidate.off(already).lines, room - sum(already.values()))
        if not parts:
            nothing_left.append(candidate)
            continue
        applied.append(Applied(candidate, parts))
        for number, minor in parts.items():
            already[number] = already.get(number, 0) + minor
    return applied, nothing_left


def _within(parts: Mapping[int, int], room: int) -> dict[int, int]:
    """The parts, cut down in proportion if they take more than there is room for."""
    whole = sum(parts.values())
    if whole > room:
        parts = dict(zip(parts, apportion(max(room, 0), list(parts.values())), strict=True))
    return {number: minor for number, minor in parts.items() if minor}


def _why_not(candidate: Candidate, chosen: Sequence[Candidate], config: DiscountsConfig) -> LeftOutCode:
    if any(candidate.group == one.group for one in chosen):
        return "GROUP_TAKEN"
    if not candidate.combinable or any(not one.combinable for one in chosen):
        return "NOT_COMBINABLE"
    if len(chosen) >= config.together_max:
        return "TOO_MANY"
    return "NOTHING_TO_DISCOUNT"


def _reduced(lines: Sequence[Line], applied: Sequence[Applied]) -> tuple[Line, ...]:
    off: dict[int, int] = {}
    for one in applied:
        for number, minor in one.lines.items():
            off[number] = off.get(number, 0) + minor
    return tuple(_without(line, off[line.number]) if line.number in off else line for line in lines)


def _without(line: Line, minor: int) -> Line:
    """The line with so much less to pay: the tax within it shrinks in the same proportion."""
    amount = line.amount_minor - minor
    tax = Decimal(line.tax_minor * amount) / line.amount_minor
    return dataclasses.replace(
        line,
        amount_minor=amount,
        discount_minor=line.discount_minor + minor,
        tax_minor=int(tax.to_integral_value(ROUND_HALF_UP)),
    )


def _share(minor: int, percent: Decimal) -> int:
    return int(minor * percent / 100)
