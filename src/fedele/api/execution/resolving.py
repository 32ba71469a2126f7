"""Resolvers that know how to read their arguments before the first request.

Strawberry asks every input type anew, for every value of every request, what its fields are and what they are called;
for a till's basket that costs more than deciding what the basket earns. The types do not change after start: here each
field with a resolver gets converters made once, and a resolver that goes straight to the function. What we do not know
how to convert (inputs that build themselves, Relay's GlobalID, field extensions) keeps Strawberry's own resolver.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import strawberry
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType
from strawberry.relay import GlobalID
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import _is_leaf_type, convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import has_enum_definition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some

Convert: TypeAlias = Callable[[Any], Any]

BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF


class NotConvertible(Exception):
    """A kind of argument that takes Strawberry's own conversion."""


def resolve_directly(schema: strawberry.Schema) -> None:
    """Give every field that can have one a resolver with converters made now."""
    converters = Converters(schema.schema_converter)
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                _resolve_directly(converters, field)


def arguments_converter(
    converters: "Converters", field: StrawberryField
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """From a field's GraphQL arguments to its function's keyword arguments. Raises NotConvertible."""
    plan = [
        (converters.names.from_argument(argument), argument.python_name, converters.of(argument.type))
        for argument in field.arguments
    ]

    def convert(given: Mapping[str, Any]) -> dict[str, Any]:
        return {to: _converted(given[name], one) for name, to, one in plan if name in given}

    return convert


class Converters:
    """The converters of one schema's input types. None stands for: the value itself."""

    def __init__(self, converter: GraphQLCoreConverter) -> None:
        self.core = converter
        self.names = converter.config.name_converter
        self._inputs: dict[type, Convert] = {}

    def of(self, kind: Any) -> Convert | None:
        """What turns a coerced GraphQL value of this type into what the function takes. Raises NotConvertible."""
        match kind:
            case StrawberryMaybe():
                return self._maybe(kind)
            case StrawberryOptional():
                return self.of(kind.of_type)
            case LazyType():
                return self.of(kind.resolve_type())
            case StrawberryList():
                return self._list(kind)
        if kind is GlobalID:
            raise NotConvertible(str(kind))
        if _is_leaf_type(kind, self.core.scalar_registry) or has_enum_definition(kind):
            return None
        if has_object_definition(kind):
            return self._inputs.get(kind) or self._input(kind)
        raise NotConvertible(str(kind))

    def _list(self, kind: StrawberryList) -> Convert:
        inner = self.of(kind.of_type)

        def convert(value: Any) -> Any:
            if value is None or value is strawberry.UNSET:
                return value
            # Plain items too are put into a new list: graphql-core hands the same default to every request.
            return list(value) if inner is None else [inner(item) for item in value]

        return convert

    def _maybe(self, kind: StrawberryMaybe) -> Convert:
        inner, nullable = self.of(kind.of_type), isinstance(kind.of_type, StrawberryOptional)

        def convert(value: Any) -> Any:
            if value is None and not nullable:  # Strawberry has the words for it
                return convert_argument(value, kind, self.core.scalar_registry, self.core.config)
            return Some(_converted(value, inner))

        return convert

    def _input(self, kind: type) -> Convert:
        definition: Any = kind.__strawberry_definition__  # type: ignore[attr-defined]
        if definition.from_input is not None:
            raise NotConvertible(str(kind))
        fields: list[tuple[str, str, Convert | None]] = []
        # What may be left out and has no default of its own is None.
        absent = {
            field.python_name: None
            for field in definition.fields
            if definition.is_input
            and field.default_value is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        }

        def convert(value: Any) -> Any:
            if value is None or value is strawberry.UNSET:
                return value
            given = absent | {to: _converted(value[name], one) for name, to, one in fields if name in value}
            return kind(**given)

        self._inputs[kind] = convert  # before its fields: an input type may contain itself
        for field in definition.fields:
            name = self.names.from_field(field)
            fields.append((name, field.python_name, self.of(field.resolve_type(type_definition=definition))))
        return convert


def _converted(value: Any, convert: Convert | None) -> Any:
    return value if convert is None else convert(value)


def _resolve_directly(converters: Converters, core: GraphQLField) -> None:
    field = (core.extensions or {}).get(BACKREF)
    if not isinstance(field, StrawberryField) or field.base_resolver is None or core.subscribe is not None:
        return
    if field.extensions or converters.core._get_field_exception_handlers(field):
        return
    try:
        core.resolve = _resolver(field, arguments_converter(converters, field), converters.core.config.info_class)
    except NotConvertible:
        return


def _resolver(
    field: StrawberryField, convert: Callable[[Mapping[str, Any]], dict[str, Any]], info_class: type[strawberry.Info]
) -> Callable[..., Any]:
    """What Strawberry's resolver does for a field without extensions, with the answers to its questions at hand."""
    function = field.base_resolver
    assert function is not None
    takes_self = function.self_parameter is not None
    sources = [one.name for one in (function.parent_parameter, function.root_parameter) if one]
    info_name = function.info_parameter.name if function.info_parameter else None

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        arguments = convert(given)
        for name in sources:
            arguments[name] = source
        if info_name is not None:
            arguments[info_name] = info_class(_raw_info=info, _field=field)
        return function(source, **arguments) if takes_self else function(**arguments)

    return resolve
