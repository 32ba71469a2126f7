"""What became of scenarios, for a person and for a script."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from fedele.scenarios.playing import Failure, Played


def lines_of(played: Played) -> Iterator[str]:
    """One scenario as a person reads it: a line when it passed, else the step, each difference and what helps."""
    if played.survivors:
        yield f"FAILED  {played.name}: no step notices these numbers"
        yield from (f"  {survivor}" for survivor in played.survivors)
    elif played.failure is None:
        yield f"passed  {played.name} ({played.steps} steps)"
    else:
        yield f"FAILED  {played.name}"
        yield from (f"  {line}" for line in _failure(played.name, played.failure))


def _failure(name: str, failure: Failure) -> Iterator[str]:
    note = f": {failure.note}" if failure.note else ""
    yield f"{name}:{failure.line}: step {failure.step}{note}"
    yield f"the clock says {failure.clock}"
    for difference in failure.differences:
        yield f"{difference.what}"
        yield from _indented("expected", difference.expected)
        yield from _indented("actual", difference.actual)
    if failure.rules:
        yield "the rules tried:"
        yield from (f"  {rule}" for rule in failure.rules)
    if failure.entries:
        yield "the member's last entries:"
        yield from (f"  {entry}" for entry in failure.entries)


def _indented(word: str, text: str) -> Iterator[str]:
    first, *rest = text.splitlines() or [""]
    yield f"  {word:<9} {first}"
    yield from (f"  {'':<9} {line}" for line in rest)


def as_json(played: Sequence[Played]) -> dict[str, Any]:
    """All of them for a script."""
    return {
        "passed": sum(one.passed for one in played),
        "failed": sum(not one.passed for one in played),
        "scenarios": [
            {
                "name": one.name,
                "passed": one.passed,
                "steps": one.steps,
                "survivors": one.survivors,
                "failure": dataclasses.asdict(one.failure) if one.failure else None,
            }
            for one in played
        ],
    }


def summary(played: Sequence[Played]) -> str:
    """The last line: `17 passed, 0 failed`."""
    failed = sum(not one.passed for one in played)
    return f"{len(played) - failed} passed, {failed} failed"
