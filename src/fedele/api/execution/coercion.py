"""A request's variables, read by functions that are made once for each input type.

graphql-core asks every input type anew, for every value of every request, whether it is a list, what its fields are
and which of them are required; for a till's basket that costs as much as deciding what the basket earns. Here each type
gets one function that knows. It decides nothing by itself: what it cannot read without doubt is read again by the book,
which also has the words for what is wrong.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_input_object_type,
    is_leaf_type,
    is_required_input_field,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value

Read: TypeAlias = Callable[[Any], Any]


class ByTheBook(Exception):
    """Read it as graphql-core does: it is wrong, or of a kind that is not worth a function."""


class Readers:
    """The functions of one schema's input types."""

    def __init__(self) -> None:
        self._inputs: dict[str, Read] = {}
        self._under_way: set[str] = set()

    def of(self, kind: GraphQLInputType) -> Read:
        """What reads a value of this type. Raises ByTheBook; so does what it returns."""
        if isinstance(kind, GraphQLNonNull):
            return _required(self._nullable(kind.of_type))
        return _optional(self._nullable(kind))

    def _nullable(self, kind: Any) -> Read:
        if isinstance(kind, GraphQLList):
            return _list(self.of(kind.of_type))
        if is_input_object_type(kind):
            if kind.name not in self._inputs:
                self._inputs[kind.name] = self._object(kind)
            return self._inputs[kind.name]
        if is_leaf_type(kind):
            return _leaf(kind.coerce_input_value)
        raise ByTheBook

    def _object(self, kind: GraphQLInputObjectType) -> Read:
        # An input that may hold itself can be nested without end: the book counts how deep it is.
        if kind.is_one_of or kind.out_type is not GraphQLInputObjectType.out_type or kind.name in self._under_way:
            raise ByTheBook
        self._under_way.add(kind.name)
        try:
            fields = {name: (field.out_name or name, self.of(field.type)) for name, field in kind.fields.items()}
        finally:
            self._under_way.discard(kind.name)
        required = {name for name, field in kind.fields.items() if is_required_input_field(field)}
        defaults = {
            name: (field.out_name or name, default)
            for name, field in kind.fields.items()
            if name not in required and (default := coerce_default_value(field)) is not Undefined
        }
        plain = [
            one for _, default in defaults.values() for one in (default if isinstance(default, list) else [default])
        ]
        if any(isinstance(one, list | dict) for one in plain):
            raise ByTheBook

        def read(value: Any) -> Any:
            if not isinstance(value, dict) or not required <= value.keys():
                raise ByTheBook
            found = {}
            for name, item in value.items():
                try:
                    to, reader = fields[name]
                except KeyError:
                    raise ByTheBook from None
                found[to] = reader(item)
            for name, (to, default) in defaults.items():
                if name not in value:  # a list of its own for each request
                    found[to] = default.copy() if default.__class__ is list else default
            return found

        return read


class Coercion:
    """Reads the variables of one operation."""

    def __init__(
        self, variables: Mapping[str, tuple[GraphQLVariableSignature, Read]], required: frozenset[str]
    ) -> None:
        self._variables = variables
        self._required = required

    def read(self, inputs: Mapping[str, Any]) -> VariableValues | None:
        """The values of the variables; None where only the book can tell them."""
        if not self._required <= inputs.keys():
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        try:
            for name, (signature, reader) in self._variables.items():
                if name not in inputs:
                    sources[name] = VariableValueSource(signature)
                    continue
                value = inputs[name]
                sources[name] = VariableValueSource(signature, value)
                coerced[name] = reader(value)
        except ByTheBook:
            return None
        return VariableValues(sources, coerced)


_readers: WeakKeyDictionary[GraphQLSchema, Readers] = WeakKeyDictionary()


def coercion_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Coercion | None:
    """The way to read this operation's variables; None where one of them must be read by the book."""
    readers = _readers.setdefault(schema, Readers())
    variables: dict[str, tuple[GraphQLVariableSignature, Read]] = {}
    for definition in operation.variable_definitions or ():
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError) or definition.default_value is not None:
            return None
        try:
            variables[signature.name] = signature, readers.of(signature.type)
        except ByTheBook:
            return None
    required = frozenset(
        name for name, (signature, _) in variables.items() if isinstance(signature.type, GraphQLNonNull)
    )
    return Coercion(variables, required)


def _required(inner: Read) -> Read:
    def read(value: Any) -> Any:
        if value is None or value is Undefined:
            raise ByTheBook
        return inner(value)

    return read


def _optional(inner: Read) -> Read:
    def read(value: Any) -> Any:
        if value is None:
            return None
        if value is Undefined:
            raise ByTheBook
        return inner(value)

    return read


def _list(item: Read) -> Read:
    def read(value: Any) -> Any:
        if value.__class__ is not list:
            raise ByTheBook
        return [item(one) for one in value]

    return read


def _leaf(coerce: Read) -> Read:
    def read(value: Any) -> Any:
        try:
            found = coerce(value)
        except Exception as error:
            raise ByTheBook from error
        if found is Undefined:
            raise ByTheBook
        return found

    return read
