"""The parts of a condition that `&&` joins, found in its text. Pure."""

import re
from collections.abc import Iterator

# Whole string literals (raw, triple-quoted) and comments are taken as one token, so that nothing in them counts.
_TOKENS = re.compile(
    r"""(?P<skip>[rRbB]{0,2}(?:'{3}.*?'{3}|"{3}.*?"{3})"""
    r"""|[rR][bB]?'[^']*'|[rR][bB]?"[^"]*"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|//[^\n]*)"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<operator>&&|\|\||\?)""",
    re.DOTALL,
)

_TEXT = r"""'[^'\\]*'|"[^"\\]*\""""
_NEEDED = re.compile(
    rf"(?P<name>[a-z_][a-z0-9_.]*)\s*(?:==\s*(?P<one>{_TEXT})|in\s*\[\s*(?P<some>(?:{_TEXT})(?:\s*,\s*(?:{_TEXT}))*)\s*\])"
)


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


def needed_texts(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The names that must have one of these texts, or the condition is false: `line.category == 'COFFEE'`.

    Only parts of an `&&` chain that say nothing else, and no text with a backslash.
    """
    parts = (_NEEDED.fullmatch(text, start, end) for start, end in conjuncts(text))
    return tuple(
        (part["name"], frozenset(quoted[1:-1] for quoted in re.findall(_TEXT, part["one"] or part["some"])))
        for part in parts
        if part
    )
