"""Which part of a condition stopped it, and what it saw: the raw material of Explain. Pure."""

import dataclasses
from functools import lru_cache
from typing import Any

from fedele.kernel.chains import conjuncts
from fedele.kernel.expressions import Bindings, Environment, Expression, ExpressionError


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """The first part of a condition that did not hold. Columns count from 1 in the condition's whole text."""

    text: str
    line: int
    column: int
    values: tuple[tuple[str, Any], ...]  # the names that the part reads, with what they were; None: not known
    error: ExpressionError | None  # set if the part gave no answer at all


def first_failure(condition: Expression, bindings: Bindings) -> Failure | None:
    """The first conjunct of an `&&` chain that is not true, in the order of writing; None if the condition holds.

    A condition that is no chain (an `||`, a choice) is one part.
    """
    if condition.holds(bindings):
        return None
    found = failures(condition, bindings)
    assert found, f"every part of {condition.text!r} holds, and yet it does not"
    return found[0]


def failures(condition: Expression, bindings: Bindings) -> list[Failure]:
    """Every conjunct that is not true, in the order of writing."""
    found = []
    for start, end in conjuncts(condition.text):
        text = condition.text[start:end]
        part = _part(text, condition.environment)
        outcome = part.evaluate(bindings)
        if outcome is True:
            continue
        before = condition.text[:start]
        values = tuple((name, bindings.values.get(name)) for name in sorted(part.names))
        error = outcome if isinstance(outcome, ExpressionError) else None
        found.append(Failure(text, before.count("\n") + 1, start - before.rfind("\n"), values, error))
    return found


@lru_cache(maxsize=4096)
def _part(text: str, environment: Environment) -> Expression:
    return Expression(text, environment, "bool")
