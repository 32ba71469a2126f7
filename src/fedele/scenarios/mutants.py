"""Does a scenario notice when a number of its programme is another? Each number in turn, larger and smaller.

A mutant is the programme's text with one number changed. It is noticed when the scenario then ends otherwise, or when
the programme is refused as it stands. One that nobody notices survives: nothing is proved about that number.
"""

import dataclasses
import random
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.queries import Value, changed_at, values
from fedele.scenarios.playing import play_scenario
from fedele.scenarios.reading import ScenarioFile
from fedele.scenarios.stage import Stage

# Numbers that are words: no member's balance depends on them.
WORDS = {
    "format": "which version of the file format it is",
    "latitude": "where phones show the place",
    "longitude": "where phones show the place",
    "radius_metres": "where phones show the place",
    "priority": "in which order cards are shown",
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"(?<![\w.'-])\d+(\.\d+)?(?![\w.'-])")
_CONDITIONS = ("when", "amount")

Verdict = Literal["noticed", "refused", "survived", "words", "unproved"]


@dataclasses.dataclass(frozen=True, slots=True)
class Mutant:
    """One number changed."""

    place: Value
    change: Literal["larger", "smaller"]
    changed: Any
    verdict: Verdict | None = None

    def __str__(self) -> str:
        return f"line {self.place.line}: {self.place.path}: {self.place.value} → {self.changed}"


def mutants_of(text: str) -> tuple[Mutant, ...]:
    """Every mutant of a programme's text, in the order of the file; numbers that are words left out."""
    found: list[Mutant] = []
    for place in values(text):
        if place.path.rpartition(".")[2] not in WORDS:
            found += _of(place)
    return tuple(found)


def sample(mutants: Sequence[Mutant], count: int, seed: str) -> tuple[Mutant, ...]:
    """Some of them, the same for the same seed, in the order of the file."""
    drawn = random.Random(seed).sample(range(len(mutants)), min(count, len(mutants)))  # noqa: S311
    return tuple(mutants[index] for index in sorted(drawn))


async def judge(stage: Stage, file: ScenarioFile, mutant: Mutant) -> Mutant:
    """Play the scenario over the mutant."""
    text = changed_at(file.programme_text(None, {}), mutant.place, mutant.changed)
    try:
        played = await play_scenario(stage, file.with_programme(text))
    except ProgrammeInvalid:
        return dataclasses.replace(mutant, verdict="refused")
    if not played.passed:
        return dataclasses.replace(mutant, verdict="noticed")
    excused = file.scenario.unproved.get(mutant.place.path)
    is_excused = excused is not None and excused.change in (None, mutant.change)
    return dataclasses.replace(mutant, verdict="unproved" if is_excused else "survived")


async def survivors_of(stage: Stage, file: ScenarioFile) -> tuple[str, ...]:
    """Every change that no step notices and that the scenario does not excuse, in words."""
    judged = [await judge(stage, file, mutant) for mutant in mutants_of(file.programme_text(None, {}))]
    return tuple(str(mutant) for mutant in judged if mutant.verdict == "survived")


def _of(place: Value) -> Iterator[Mutant]:
    value = place.value
    if isinstance(value, bool):
        return
    if isinstance(value, int | Decimal):
        for changed in _others(Decimal(value)):
            yield Mutant(place, "larger" if changed > value else "smaller", changed)
    elif isinstance(value, str) and _DATE.fullmatch(value):
        day = date.fromisoformat(value)
        yield Mutant(place, "larger", (day + timedelta(days=1)).isoformat())
        yield Mutant(place, "smaller", (day - timedelta(days=1)).isoformat())
    elif isinstance(value, str) and place.path.rpartition(".")[2] in _CONDITIONS:
        for found in _NUMBER.finditer(value):
            for changed in _others(Decimal(found[0])):
                written = f"{value[: found.start()]}{changed}{value[found.end() :]}"
                yield Mutant(place, "larger" if changed > Decimal(found[0]) else "smaller", written)


def _others(value: Decimal) -> Iterator[Decimal]:
    """One more and one less in its last place, and twice as much."""
    last = Decimal(1).scaleb(int(value.as_tuple().exponent))
    yield value + last
    if value >= last:
        yield value - last
    if value + last != value * 2 and value:
        yield value * 2
