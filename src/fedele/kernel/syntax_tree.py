"""A checked expression as a tree: for who translates conditions into another language.

CEL's own parser and checker made it; this reads their serialized answer (cel.expr.CheckedExpr of google/cel-spec,
checked.proto and syntax.proto), whose message classes are in no package that we depend on. Macros are expanded:
`has(a.b)` is a Select with `tests`, `list.exists(…)` a Comprehension.
"""

import dataclasses
import struct
from typing import Any, TypeAlias

from fedele.kernel.checked import fields_of

Message: TypeAlias = list[tuple[int, bytes | int]]
_INT64 = 1 << 64


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression. Line and column count from 1 in the expression's text."""

    line: int
    column: int


@dataclasses.dataclass(frozen=True, slots=True)
class Constant(Node):
    """A literal: None, bool, int, float, str; bytes and unsigned numbers as they are."""

    value: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Variable(Node):
    """A declared name, dots included, or the variable of a comprehension around it."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`; with `tests`, has(operand.field)."""

    operand: Node
    field: str
    tests: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Call(Node):
    """An operator ("_&&_", "_==_", "@in", "_[_]", "_?_:_") or function; a method's target is its first argument."""

    function: str
    arguments: tuple[Node, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Elements(Node):
    """A list literal."""

    items: tuple[Node, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Other(Node):
    """What no condition of ours needs: literals of maps and messages."""

    what: str


@dataclasses.dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """An expanded macro: fold `step` over the items of `over`, the variable bound to each in turn."""

    variable: str
    over: Node
    accumulator: str
    start: Node
    condition: Node
    step: Node
    result: Node
    second_variable: str = ""


def parse(serialized: bytes, text: str) -> Node:
    """The tree of a serialized CheckedExpr whose source is `text`."""
    checked = fields_of(_bytes(fields_of(serialized), 2))
    return _Reader(_positions(_bytes(checked, 5)), text).node(fields_of(_bytes(checked, 4)))


class _Reader:
    def __init__(self, positions: dict[int, int], text: str) -> None:
        self._positions, self._text = positions, text

    def node(self, expression: Message) -> Node:
        number = next((value for field, value in expression if field == 2 and isinstance(value, int)), 0)
        at = self._place(number)
        for field, value in expression:
            if field == 2 or not isinstance(value, bytes):
                continue
            inside = fields_of(value)
            match field:
                case 3:
                    return Constant(*at, _constant(inside))
                case 4:
                    return Variable(*at, _text(inside, 1))
                case 5:
                    tests = any(number == 3 and value for number, value in inside)
                    return Select(*at, self._child(inside, 1), _text(inside, 2), tests)
                case 6:
                    return Call(*at, _text(inside, 2), tuple(self._children(inside, 1) + self._children(inside, 3)))
                case 7:
                    return Elements(*at, tuple(self._children(inside, 1)))
                case 9:
                    return self._comprehension(at, inside)
                case _:
                    return Other(*at, "a map literal")
        return Other(*at, "an empty expression")

    def _comprehension(self, at: tuple[int, int], inside: Message) -> Comprehension:
        over, start, condition, step, result = (self._child(inside, field) for field in (2, 4, 5, 6, 7))
        names = _text(inside, 1), _text(inside, 3), _text(inside, 8)
        return Comprehension(*at, names[0], over, names[1], start, condition, step, result, names[2])

    def _child(self, message: Message, field: int) -> Node:
        return self.node(fields_of(_bytes(message, field)))

    def _children(self, message: Message, field: int) -> list[Node]:
        values = (value for number, value in message if number == field and isinstance(value, bytes))
        return [self.node(fields_of(value)) for value in values]

    def _place(self, number: int) -> tuple[int, int]:
        before = self._text[: self._positions.get(number, 0)]
        return before.count("\n") + 1, len(before) - before.rfind("\n")


def _constant(message: Message) -> Any:
    field, value = message[0]
    match field, value:
        case 1, _:
            return None
        case 2, int():
            return bool(value)
        case 3, int():
            return value - _INT64 if value >= _INT64 // 2 else value
        case 5, bytes():
            return struct.unpack("<d", value)[0]
        case 6, bytes():
            return value.decode()
        case _:
            return value if isinstance(value, bytes) else str(value).encode()


def _positions(source: bytes) -> dict[int, int]:
    """Offsets in characters by expression id (SourceInfo.positions)."""
    found = {}
    for field, entry in fields_of(source):
        if field == 4 and isinstance(entry, bytes):
            pair = dict(fields_of(entry))
            found[pair.get(1, 0)] = pair.get(2, 0)
    return {int(key): int(value) for key, value in found.items()}


def _bytes(message: Message, field: int) -> bytes:
    return next((value for number, value in message if number == field and isinstance(value, bytes)), b"")


def _text(message: Message, field: int) -> str:
    return _bytes(message, field).decode()
