"""How large and how tangled a document may be, measured in one memoised pass before anything walks it again.

graphql-core's validation is quadratic in fields that share a response name and in fragments spread side by side, and
the limiters that ship with strawberry follow every fragment again and again (an 834-byte chain blocks the loop for
41 s). Here every fragment is measured once; a selection's totals are sums over what it spreads.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from fedele.api.errors import ApiError


class DocumentTooComplex(ApiError):
    """The document is larger or more tangled than this server reads."""

    code = "DOCUMENT_TOO_COMPLEX"


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What one document may hold. Fields, aliases and directives count after fragments are spread."""

    characters_max: int = 64 * 1024
    tokens_max: int = 4_000
    comments_max: int = 500
    depth_max: int = 15
    fields_max: int = 1_000
    aliases_max: int = 60
    directives_max: int = 60
    duplicates_max: int = 40  # fields beyond the first with the same response name in one selection
    definitions_max: int = 60
    spreads_max: int = 300
    arguments_max: int = 400
    variables_max: int = 60
    values_max: int = 400  # items of lists and fields of objects written into the document; variables may hold more
    value_depth_max: int = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """The totals of one selection set, fragments included."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    names: Counter[str] = dataclasses.field(default_factory=Counter)


def measure(document: DocumentNode, limits: Limits) -> None:
    """Raise DocumentTooComplex if the document goes over any limit, or if its fragments go round in circles."""
    _refuse_above("definitions", len(document.definitions), limits.definitions_max)
    counter = _Counter(document, limits)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            counter.operation(definition)
    for name in counter.fragments:  # also those that nothing spreads: validation walks them all
        counter.fragment(name)


class _Counter:
    """Carries the memo of one pass and the totals over the whole document."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self.limits = limits
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measures: dict[str, Measure | None] = {}  # None while it is being measured: meeting it again is a cycle
        self._duplicates = 0
        self._spreads = 0
        self._arguments = 0
        self._values = 0
        self._written_directives = 0

    def operation(self, operation: OperationDefinitionNode) -> None:
        """Measure one operation."""
        _refuse_above("variables", len(operation.variable_definitions or ()), self.limits.variables_max)
        for variable in operation.variable_definitions or ():
            self._value(variable.default_value, 0)
            self._count_directives(variable)
        self._count_directives(operation)
        self.selection_set(operation.selection_set, 0)

    def fragment(self, name: str) -> Measure:
        """Measure a fragment once. An unknown name counts nothing: validation reports it."""
        if name in self._measures:
            known = self._measures[name]
            if known is None:
                raise DocumentTooComplex(f"fragment {name} spreads itself")
            return known
        definition = self.fragments.get(name)
        if definition is None:
            return Measure()
        self._measures[name] = None
        self._count_directives(definition)
        found = self._measures[name] = self.selection_set(definition.selection_set, 0)
        return found

    def selection_set(self, selections: SelectionSetNode, depth: int) -> Measure:
        """Measure what is inside the braces; `depth` is that of the braces within their definition."""
        _refuse_above("levels", depth, self.limits.depth_max)
        below = fields = aliases = 0
        directives = 0
        names: Counter[str] = Counter()
        for node in selections.selections:
            directives += self._count_directives(node)
            if isinstance(node, FieldNode):
                inner = self._field(node, depth)
                fields, aliases, below = fields + 1, aliases + bool(node.alias), max(below, 1 + inner.depth)
                names[node.alias.value if node.alias else node.name.value] += 1
            else:
                inner = self._spread(node, depth)
                below = max(below, inner.depth)
                names.update(inner.names)
            fields, aliases = fields + inner.fields, aliases + inner.aliases
            directives += inner.directives
            self._refuse(below, fields, aliases, directives)
        self._duplicates += names.total() - len(names)
        _refuse_above("fields under the same name", self._duplicates, self.limits.duplicates_max)
        return Measure(below, fields, aliases, directives, names)

    def _field(self, node: FieldNode, depth: int) -> Measure:
        self._arguments += len(node.arguments or ())
        _refuse_above("arguments", self._arguments, self.limits.arguments_max)
        for argument in node.arguments or ():
            self._value(argument.value, 0)
        return self.selection_set(node.selection_set, depth + 1) if node.selection_set else Measure()

    def _spread(self, node: Any, depth: int) -> Measure:
        self._spreads += 1
        _refuse_above("spreads", self._spreads, self.limits.spreads_max)
        if isinstance(node, FragmentSpreadNode):
            return self.fragment(node.name.value)
        # An inline fragment costs a level here, lest ten thousand braces within braces exhaust the stack.
        return self.selection_set(node.selection_set, depth + 1)

    def _count_directives(self, node: Any) -> int:
        directives: Sequence[Any] = node.directives or ()
        self._written_directives += len(directives)
        _refuse_above("directives", self._written_directives, self.limits.directives_max)
        for directive in directives:
            self._arguments += len(directive.arguments or ())
            for argument in directive.arguments or ():
                self._value(argument.value, 0)
        _refuse_above("arguments", self._arguments, self.limits.arguments_max)
        return len(directives)

    def _value(self, value: Any, depth: int) -> None:
        _refuse_above("levels of input", depth, self.limits.value_depth_max)
        inner: Sequence[Any] = ()
        if isinstance(value, ListValueNode):
            inner = value.values
        elif isinstance(value, ObjectValueNode):
            inner = [field.value for field in value.fields]
        self._values += len(inner)
        _refuse_above("values", self._values, self.limits.values_max)
        for item in inner:
            self._value(item, depth + 1)

    def _refuse(self, depth: int, fields: int, aliases: int, directives: int) -> None:
        _refuse_above("levels", depth, self.limits.depth_max)
        _refuse_above("fields", fields, self.limits.fields_max)
        _refuse_above("aliases", aliases, self.limits.aliases_max)
        _refuse_above("directives", directives, self.limits.directives_max)


def _refuse_above(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise DocumentTooComplex(f"the document has more than {limit} {what}", limit=limit)
