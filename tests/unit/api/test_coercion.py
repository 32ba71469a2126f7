"""Variables are read as graphql-core reads them, or left to it: for every shipped operation, right input and wrong."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    build_schema,
    parse,
)
from graphql.execution.values import get_variable_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedele.api.execution.coercion import Coercion, coercion_of
from fedele.api.execution.operations import MEMBER_FOLDERS, STAFF_FOLDERS, read_operations
from fedele.api.member.schema import build_member_schema
from fedele.api.staff.schema import build_staff_schema

MEMBER, STAFF = build_member_schema()._schema, build_staff_schema()._schema
WRONG = st.sampled_from([None, {}, [], "x", 7, True, {"no": "such field"}])
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "String": st.text(max_size=4),
    "ID": st.text(max_size=4) | st.integers(0, 9),
    "Int": st.integers(-(2**31), 2**31),
    "Float": st.floats(allow_nan=False, width=32),
    "Boolean": st.booleans(),
    "Decimal": st.sampled_from(["1.20", "0", "x", 3]),
    "DateTime": st.sampled_from(["2026-11-22T08:00:00Z", "yesterday"]),
}


def operations() -> list[Any]:
    """Every shipped operation that takes variables."""
    return [
        pytest.param(schema, definition, id=f"{file.folder}-{file.name}")
        for schema, folders in ((MEMBER, MEMBER_FOLDERS), (STAFF, STAFF_FOLDERS))
        for file in read_operations(*folders)
        for definition in parse(file.text).definitions
        if isinstance(definition, OperationDefinitionNode) and definition.variable_definitions
    ]


def value_of(kind: GraphQLInputType) -> st.SearchStrategy[Any]:
    """Values of this type, now and then a wrong one."""
    if isinstance(kind, GraphQLNonNull):
        return value_of(kind.of_type)
    if isinstance(kind, GraphQLList):
        right: st.SearchStrategy[Any] = st.lists(st.deferred(lambda: value_of(kind.of_type)), max_size=2)
    elif isinstance(kind, GraphQLInputObjectType):
        fields = {name: st.deferred(lambda of=field.type: value_of(of)) for name, field in kind.fields.items()}
        right = st.fixed_dictionaries({}, optional=fields) | st.fixed_dictionaries(fields)
    elif isinstance(kind, GraphQLEnumType):
        right = st.sampled_from([*kind.values, "NO_SUCH"])
    else:
        right = SCALARS.get(kind.name, st.text(max_size=4))
    return st.integers(0, 15).flatmap(lambda dice: WRONG if dice == 0 else right)


def compare(coercion: Coercion, schema: Any, operation: OperationDefinitionNode, inputs: dict[str, Any]) -> None:
    """Ours and the book's, of the same input."""
    by_the_book = get_variable_values(schema, operation.variable_definitions or (), inputs)
    ours = coercion.read(inputs)
    if isinstance(by_the_book, list):
        assert ours is None, "what is wrong is for the book to say"
    elif ours is not None:
        assert ours.coerced == by_the_book.coerced
        assert {name: source.value for name, source in ours.sources.items()} == {
            name: source.value for name, source in by_the_book.sources.items()
        }


@pytest.mark.parametrize(("schema", "operation"), operations())
@settings(max_examples=8, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_shipped_operations_read_their_variables_alike(schema: Any, operation: Any, data: st.DataObject) -> None:
    """Right input gives the same values, wrong input is never taken."""
    coercion = coercion_of(schema, operation)
    if coercion is None:
        return
    kinds = {name: signature.type for name, (signature, _) in coercion._variables.items()}
    strategies = {name: value_of(kind) for name, kind in kinds.items()}
    inputs = data.draw(st.fixed_dictionaries({}, optional=strategies) | st.fixed_dictionaries(strategies))
    compare(coercion, schema, operation, inputs)


def test_a_tills_basket_is_not_read_by_the_book() -> None:
    """What the functions are for: a sale, its defaults in place, each request with lists of its own."""
    text = next(file.text for file in read_operations(*STAFF_FOLDERS) if file.name == "SettleSale")
    operation = next(one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode))
    coercion = coercion_of(STAFF, operation)
    assert coercion is not None
    basket = {"receipt": "r", "currency": "EUR", "memberId": "m", "lines": [{"amount": "1.00", "quantity": "2"}]}
    inputs = {"input": {"basket": basket, "idempotencyKey": "k"}}
    first, second = coercion.read(inputs), coercion.read(inputs)
    assert first is not None
    assert second is not None
    compare(coercion, STAFF, operation, inputs)
    one, other = (values.coerced["input"]["basket"]["tenders"] for values in (first, second))
    assert one == other == []
    assert one is not other


@pytest.mark.parametrize(
    "query",
    [
        "query ($a: Deep) { q(a: $a) }",
        "query ($a: Either) { q(b: $a) }",
        "query ($a: Int = 3) { q(c: $a) }",
    ],
)
def test_what_the_book_counts_or_fills_in_is_left_to_it(query: str) -> None:
    """Inputs without an end, of which one field must be chosen, and defaults in the document."""
    schema = build_schema(
        "input Deep { deep: Deep } input Either @oneOf { x: Int y: Int }"
        " type Query { q(a: Deep, b: Either, c: Int): Int }"
    )
    operation = parse(query).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert coercion_of(schema, operation) is None
