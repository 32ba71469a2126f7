"""Single values of a programme file: found by path, changed in the text itself, so that comments and lines stay."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from fedele.domains.programme import nodes, wording
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.nodes import Node
from fedele.domains.programme.types import Problem

# A value as it stands in the text: in quotes, or plain until what ends it in a flow or at a comment.
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*\"""")
_PLAIN = re.compile(r"[^,\[\]{}#\n]*[^,\[\]{}#\n\s]")


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """One value of the file. `path` names items of lists by key where they have one: `tiers.levels[gold].threshold`."""

    path: str
    line: int
    column: int
    value: nodes.Scalar


def values(source_text: str, file: str = "programme.yaml") -> tuple[Value, ...]:
    """Every single value of the file, in order. Raises ProgrammeInvalid where the text is no YAML."""
    try:
        root = nodes.parse(source_text)
    except nodes.Unreadable as error:
        raise ProgrammeInvalid([error.problem], file) from None
    return tuple(_values(root, ""))


def change(source_text: str, path: str, value: Any, file: str = "programme.yaml") -> str:
    """The text with another value at this path, as `values` names it. Nothing else moves.

    Raises ProgrammeInvalid when nothing stands at the path.
    """
    found = values(source_text, file)
    wanted = next((one for one in found if one.path == path), None)
    if wanted is None:
        hint = wording.did_you_mean(path, [one.path for one in found])
        raise ProgrammeInvalid([Problem(path, 1, 1, f"there is no value here to change.{hint}")], file)
    return changed_at(source_text, wanted, value)


def changed_at(source_text: str, place: Value, value: Any) -> str:
    """The text with another value at a place that `values` gave of this very text."""
    lines = source_text.split("\n")
    line = lines[place.line - 1]
    start = place.column - 1
    written = _QUOTED.match(line, start) or _PLAIN.match(line, start)
    end = written.end() if written else start
    lines[place.line - 1] = f"{line[:start]}{_text(value)}{line[end:]}"
    return "\n".join(lines)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _values(node: Node, path: str) -> Iterator[Value]:
    if node.map is not None:
        for key, (_, _, below) in node.map.items():
            yield from _values(below, f"{path}.{key}" if path else key)
    elif node.list is not None:
        for number, below in enumerate(node.list):
            yield from _values(below, f"{path}[{_name(below, number)}]")
    else:
        yield Value(path, node.line, node.column, node.scalar)


def _name(node: Node, number: int) -> str:
    named = node.map.get("key") if node.map is not None else None
    return str(named[2].scalar) if named else str(number)
