"""Which part of a condition stopped it, and what it saw: the raw material of Explain. Pure."""

import dataclasses
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fedele.kernel.expressions import Bindings, Environment, Expression, ExpressionError

# Whole string literals (raw, triple-quoted) and comments are taken as one token, so that nothing in them counts.
_TOKENS = re.compile(
    r"""(?P<skip>[rRbB]{0,2}(?:'{3}.*?'{3}|"{3}.*?"{3})"""
    r"""|[rR][bB]?'[^']*'|[rR][bB]?"[^"]*"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|//[^\n]*)"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<operator>&&|\|\||\?)""",
    re.DOTALL,
)


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


def conjuncts(text: str) -> list[tuple[int, int]]:
    """The spans of the parts that `&&` joins at the top level, parentheses around a chain taken off."""
    return list(_spans(text, 0, len(text)))


def _spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    start, end = _trimmed(text, start, end)
    operators, whole = _top_level(text, start, end)
    if any(operator != "&&" for operator, _ in operators):
        yield start, end
    elif operators:
        for _, position in operators:
            yield from _spans(text, start, position)
            start = position + 2
        yield from _spans(text, start, end)
    elif whole:
        yield from _spans(text, start + 1, end - 1)
    else:
        yield start, end


def _top_level(text: str, start: int, end: int) -> tuple[list[tuple[str, int]], bool]:
    """The logical operators outside of all brackets, and whether one pair of parentheses holds everything."""
    operators: list[tuple[str, int]] = []
    depth, first_closed = 0, -1
    for token in _TOKENS.finditer(text, start, end):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
            if depth == 0 and first_closed < 0:
                first_closed = token.end()
        elif token["operator"] and depth == 0:
            operators.append((token["operator"], token.start()))
    return operators, text[start : start + 1] == "(" and first_closed == end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))


@lru_cache(maxsize=4096)
def _part(text: str, environment: Environment) -> Expression:
    return Expression(text, environment, "bool")
