"""Make a schema out of visible tuples: compose the roots, take descriptions from docstrings, guard the root fields."""

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    parse,
    print_ast,
)
from strawberry.schema.config import StrawberryConfig

from fedele.api.execution.resolving import resolve_directly
from fedele.api.permissions import guard
from fedele.api.scalars import SCALARS

BACKREF = "strawberry-definition"


def compose(name: str, parts: Sequence[type], description: str) -> type:
    """One root type out of the rooms' parts, in their order."""
    return strawberry.type(type(name, tuple(parts), {"__doc__": description}), description=description)


def build_schema(
    query: type, mutation: type | None, types: Sequence[type] = (), subscription: type | None = None
) -> strawberry.Schema:
    """A guarded schema. Raises UndeclaredPermission for a root field that does not say who may use it."""
    schema = strawberry.Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=types,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    _describe(schema)
    resolve_directly(schema)
    guard(schema._schema)
    return schema


def sdl(schema: strawberry.Schema) -> str:
    """The schema as text in a stable order. (`sort_schema=True` breaks output enums, so only the print is sorted.)"""
    document = parse(schema.as_str())
    definitions = sorted(document.definitions, key=lambda node: (node.kind, _name(node)))
    return print_ast(DocumentNode(definitions=tuple(_sorted(node) for node in definitions))) + "\n"


def _sorted(node: Any) -> Any:
    lists = ("fields", "values", "types", "interfaces")
    children = {name: getattr(node, name, None) for name in lists}
    return dataclasses.replace(node, **{name: tuple(sorted(of, key=_name)) for name, of in children.items() if of})


def _name(node: Any) -> str:
    name = getattr(node, "name", None)
    return name.value if name else ""


def _describe(schema: strawberry.Schema) -> None:
    """Docstrings become descriptions wherever none was written."""
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLScalarType):
            continue  # its origin is Python's own class, which does not speak to phone engineers
        definition = kind.extensions.get(BACKREF) if kind.extensions else None
        origin = getattr(definition, "origin", None)
        if kind.description is None and isinstance(origin, type):
            kind.description = _docstring(origin)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field in kind.fields.values():
                _describe_field(field)


def _describe_field(field: GraphQLField) -> None:
    definition = (field.extensions or {}).get(BACKREF)
    resolver = getattr(definition, "base_resolver", None)
    if field.description is None and resolver is not None:
        field.description = inspect.getdoc(resolver.wrapped_func)


def _docstring(origin: type) -> str | None:
    text: str | None = origin.__dict__.get("__doc__")
    if text is None or text.startswith(f"{origin.__name__}("):  # a dataclass writes its signature there
        return None
    return inspect.cleandoc(text)
