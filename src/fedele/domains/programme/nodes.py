"""YAML text → a tree that knows the line of everything. Built from parser events, so no text can overflow a stack.

Plain scalars follow YAML 1.2: `NO` is Norway and not false, `07:30` is no number in base sixty, `1.2` is an exact
Decimal, `007` keeps its zeros. Tags, merge keys and several documents are refused; aliases are expanded up to a limit.
"""

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeAlias

import yaml

from fedele.domains.programme.types import Problem

Scalar: TypeAlias = str | int | bool | Decimal | None

TEXT_BYTES_MAX = 4 * 1024 * 1024
DEPTH_MAX = 40
NODES_MAX = 400_000

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})\.[0-9]{1,30}")
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}


class Unreadable(Exception):
    """The text is not a YAML document that we accept."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.problem = Problem("", line, column, message)


@dataclasses.dataclass(slots=True)
class Node:
    """A value with its place; lines and columns count from 1. `items` of a mapping are key → (place of key, value)."""

    line: int
    column: int
    scalar: Scalar = None
    list: "list[Node] | None" = None
    map: "dict[str, tuple[int, int, Node]] | None" = None
    weight: int = 1  # nodes below and including this one, aliases counted each time
    style: str = ""  # of a scalar, how it was written: "" plain, or one of ' " | >


@dataclasses.dataclass(slots=True)
class _Open:
    node: Node
    anchor: str | None
    key: "Node | None" = None


def parse(text: str) -> Node:
    """The document's root. Raises Unreadable with the place of the first thing that is wrong."""
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise Unreadable(1, 1, f"the file is larger than {TEXT_BYTES_MAX // 1024 // 1024} MiB")
    try:
        return _Builder().build(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Unreadable(line, column, f"not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise Unreadable(_line_of(text, error), 1, f"not valid YAML: {str(error).splitlines()[0]}") from None


def _events(text: str) -> Iterator[Any]:
    parser = _Parser(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


class _Builder:
    """Events in, tree out, with a stack of its own."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0
        self._root: Node | None = None

    def build(self, events: Iterator[Any]) -> Node:
        for event in events:
            self._take(event)
        return self._root or Node(1, 1)

    def _take(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise Unreadable(line, column, "a second document begins here: a programme is one document")
        elif isinstance(event, yaml.AliasEvent):
            self._place(self._aliased(str(event.anchor), line, column), None)
        elif isinstance(event, yaml.NodeEvent):
            self._open(event, line, column)
        elif isinstance(event, yaml.CollectionEndEvent):
            opened = self._stack.pop()
            self._place(opened.node, opened.anchor)

    def _open(self, event: Any, line: int, column: int) -> None:
        if event.tag is not None:
            raise Unreadable(line, column, f"tags like {event.tag} are not allowed in a programme")
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None or event.style == ""
            value: Scalar = _scalar(event.value) if plain else event.value
            self._place(Node(line, column, value, style=event.style or ""), event.anchor)
            return
        if len(self._stack) >= DEPTH_MAX:
            raise Unreadable(line, column, f"nested more than {DEPTH_MAX} deep")
        is_list = isinstance(event, yaml.SequenceStartEvent)
        node = Node(line, column, list=[]) if is_list else Node(line, column, map={})
        self._stack.append(_Open(node, event.anchor))

    def _aliased(self, anchor: str, line: int, column: int) -> Node:
        if anchor not in self._anchors:
            raise Unreadable(line, column, f"the alias *{anchor} names nothing before it")
        return self._anchors[anchor]

    def _place(self, node: Node, anchor: str | None) -> None:
        """Put a finished node where it belongs: root, list item, key or value."""
        if anchor:
            self._anchors[anchor] = node
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        parent.node.weight += node.weight
        if parent.node.weight > NODES_MAX:
            raise Unreadable(node.line, node.column, f"more than {NODES_MAX} values, aliases included")
        if parent.node.list is not None:
            parent.node.list.append(node)
        elif parent.key is None:
            parent.key = _checked_key(parent.node, node)
        else:
            key, parent.key = parent.key, None
            assert parent.node.map is not None, "an open node is a list or a map"
            parent.node.map[_key_text(key)] = (key.line, key.column, node)


def _checked_key(parent: Node, key: Node) -> Node:
    if key.list is not None or key.map is not None:
        raise Unreadable(key.line, key.column, "a key must be a plain word")
    text = _key_text(key)
    if text == "<<":
        raise Unreadable(key.line, key.column, "merge keys (<<) are not allowed: use an alias for the whole value")
    if parent.map is not None and text in parent.map:
        raise Unreadable(
            key.line, key.column, f"the key '{text}' stands here twice (first on line {parent.map[text][0]})"
        )
    return key


def _key_text(key: Node) -> str:
    match key.scalar:
        case None:
            return "null"
        case bool():
            return "true" if key.scalar else "false"
        case _:
            return str(key.scalar)


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text


def plain(node: Node) -> Any:
    """The tree as Python values."""
    if node.list is not None:
        return [plain(item) for item in node.list]
    if node.map is not None:
        return {key: plain(value) for key, (_, _, value) in node.map.items()}
    return node.scalar


def _line_of(text: str, error: yaml.YAMLError) -> int:
    """The line of an error that knows only a position (an unprintable character)."""
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
