"""Our converters of arguments and Strawberry's give the same, for every field of both schemas."""

import datetime
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.arguments import convert_arguments

from fedele.api.execution.resolving import BACKREF, Converters, arguments_converter, resolve_directly
from fedele.api.member.schema import build_member_schema
from fedele.api.staff.schema import build_staff_schema

SCHEMAS = {"member": build_member_schema(), "staff": build_staff_schema()}
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "String": st.text(max_size=8),
    "ID": st.text(max_size=8),
    "Int": st.integers(-(2**31), 2**31 - 1),
    "Float": st.floats(allow_nan=False),
    "Boolean": st.booleans(),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False),
    "DateTime": st.datetimes(timezones=st.just(datetime.UTC)),
    "UUID": st.uuids(version=4).map(lambda value: UUID(str(value))),
    "JSON": st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda of: st.lists(of, max_size=2)),
    "Locale": st.sampled_from(["it", "ar-EG"]),
    "TimeZone": st.just("Europe/Rome"),
    "MonthDay": st.just("--02-29"),
    "URL": st.just("https://example.org/a.png"),
}


def _fields() -> Iterator[Any]:
    for name, schema in SCHEMAS.items():
        for kind in schema._schema.type_map.values():
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__"):
                for field_name, field in kind.fields.items():
                    if field.args and BACKREF in field.extensions:
                        yield pytest.param(schema, field, id=f"{name}-{kind.name}.{field_name}")


FIELDS = list(_fields())


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """What graphql-core hands to a resolver for an argument of this type."""
    if isinstance(kind, GraphQLNonNull):
        return _given(kind.of_type)
    return st.none() | _given(kind)


def _given(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, GraphQLList):
        return st.lists(_values(kind.of_type), max_size=3)
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from([kind.coerce_input_value(name) for name in kind.values])
    if isinstance(kind, GraphQLInputObjectType):
        return st.deferred(lambda: _object(kind))
    return SCALARS[kind.name]


def _object(kind: GraphQLInputObjectType) -> st.SearchStrategy[Any]:
    required = {
        name: _values(field.type) for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)
    }
    optional = {name: _values(field.type) for name, field in kind.fields.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def _arguments(field: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={name: _values(argument.type) for name, argument in field.args.items()})


def _strawberrys(schema: strawberry.Schema, field: Any, values: Any) -> Any:
    core = schema.schema_converter
    return convert_arguments(values, field.extensions[BACKREF].arguments, core.scalar_registry, core.config)


def _outcome(convert: Any) -> Any:
    try:
        return convert()
    except StrawberryInputCoercionError as error:
        return str(error)


@pytest.mark.parametrize(("schema", "field"), FIELDS)
def test_arguments_become_what_strawberry_makes_of_them(schema: strawberry.Schema, field: Any) -> None:
    """Equal values of equal classes, and the same refusals, whatever a client may send to the field."""
    ours = arguments_converter(Converters(schema.schema_converter), field.extensions[BACKREF])

    @settings(max_examples=25, deadline=None)
    @given(_arguments(field))
    def same(values: Any) -> None:
        assert _outcome(lambda: ours(values)) == _outcome(lambda: _strawberrys(schema, field, values))

    same()


@pytest.mark.parametrize("field", [one.values[1] for one in FIELDS if one.values[1].subscribe is None])
def test_no_field_asks_its_types_at_every_request(field: Any) -> None:
    """Every field with arguments got a resolver of ours; root fields carry it inside their guard."""
    resolve = field.resolve
    if "guarded" in resolve.__qualname__:
        resolve = next(cell.cell_contents for cell in resolve.__closure__ if callable(cell.cell_contents))
    assert resolve.__module__ == "fedele.api.execution.resolving"


@strawberry.input
class _Leaf:
    """An input with every way of leaving something out."""

    needed: int
    optional: int | None
    defaulted: list[int] = strawberry.field(default_factory=lambda: [7])
    unset: str | None = strawberry.UNSET
    inner: "_Leaf | None" = None


@strawberry.type
class _Query:
    own: str = "own"

    @strawberry.field
    def told(self, leaves: list[_Leaf], info: strawberry.Info, numbers: list[int] | None = None) -> str:
        """What arrived."""
        return f"{self.own} {info.field_name} {leaves!r} {numbers!r}"

    @strawberry.field
    async def parent(self, root: strawberry.Parent["_Query"], number: int = 3) -> str:
        """The object above."""
        return f"{root.own} {number}"


@pytest.mark.parametrize(
    "query",
    [
        "{ told(leaves: [{needed: 1}]) }",
        "{ told(leaves: [{needed: 1, optional: null, defaulted: [], unset: null, inner: {needed: 2, unset: \"x\"}}]) }",
        "{ told(leaves: [], numbers: [1, 2]) parent }",
        "{ parent(number: 4) again: parent }",
    ],
)  # fmt: skip
async def test_resolvers_are_called_as_strawberry_calls_them(query: str) -> None:
    """self, the parent, info, defaults and inputs within inputs arrive alike."""
    plain, direct = strawberry.Schema(_Query), strawberry.Schema(_Query)
    resolve_directly(direct)
    assert direct._schema.query_type is not None
    assert direct._schema.query_type.fields["told"].resolve.__module__ == "fedele.api.execution.resolving"
    expected = await plain.execute(query, root_value=_Query())
    assert expected.errors is None
    assert (await direct.execute(query, root_value=_Query())).data == expected.data
