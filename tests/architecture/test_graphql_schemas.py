"""The schemas hold to the house's rules, and the SDL in graphql/ is what is served."""

import importlib
import inspect
import pkgutil

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
)

from fedele.api import member, staff
from fedele.api.execution.operations import graphql_folder
from fedele.api.member.schema import build_member_schema
from fedele.api.permissions import declared_scopes
from fedele.api.schema import sdl
from fedele.api.staff.schema import build_staff_schema
from fedele.domains.auth.types import Scope

BUILDERS = {"member": build_member_schema, "staff": build_staff_schema}
PACKAGES = {"member": member, "staff": staff}
DESCRIBED = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType | GraphQLEnumType | GraphQLScalarType
SELF_EXPLAINING = ("Connection", "Edge")


@pytest.fixture(scope="module", params=["member", "staff"])
def name(request: pytest.FixtureRequest) -> str:
    """Each schema in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def schema(name: str) -> strawberry.Schema:
    """The schema as it is served."""
    return BUILDERS[name]()


def test_the_committed_sdl_is_what_is_served(name: str, schema: strawberry.Schema) -> None:
    """A change of the API is seen in review. `fedele schema export` writes the files."""
    committed = (graphql_folder() / f"{name}.graphql").read_text(encoding="utf-8")
    assert committed == sdl(schema), "run `fedele schema export` and commit graphql/"


def test_who_may_use_a_root_field_is_in_the_sdl(name: str, schema: strawberry.Schema) -> None:
    """Every root field declares a scope that somebody can hold: a member's own, or a staff scope."""
    scopes = declared_scopes(schema._schema)
    assert scopes
    allowed = {"public", "member"} if name == "member" else {"public", *Scope}
    assert {field: scope for field, scope in scopes.items() if scope not in allowed} == {}
    text = sdl(schema)
    assert text.count('@requires(scope: "') == len(scopes)


def test_root_fields_are_nullable(schema: strawberry.Schema) -> None:
    """One field's error must not take its siblings away."""
    roots = [root for root in (schema._schema.query_type, schema._schema.mutation_type) if root]
    non_null = [
        f"{root}.{key}" for root in roots for key, f in root.fields.items() if isinstance(f.type, GraphQLNonNull)
    ]
    assert non_null == []


def test_every_mutation_answers_with_user_errors(schema: strawberry.Schema) -> None:
    """One argument `input`, one payload with `userErrors: [XUserError!]!`, whose `code` is an enum."""
    mutations = schema._schema.mutation_type
    for key, field in (mutations.fields if mutations else {}).items():
        assert list(field.args) == ["input"], f"{key} takes {list(field.args)}"
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        assert payload.name == f"{key[0].upper()}{key[1:]}Payload"
        errors = payload.fields["userErrors"].type
        assert str(errors).startswith("[")
        assert str(errors).endswith("UserError!]!")
        error_type = get_named_type(errors)
        assert isinstance(error_type, GraphQLObjectType)
        assert isinstance(get_named_type(error_type.fields["code"].type), GraphQLEnumType)
        others = [
            name for name, f in payload.fields.items() if name != "userErrors" and isinstance(f.type, GraphQLNonNull)
        ]
        assert others == [], f"{payload}: {others} cannot be null, but must be when the mutation is refused"


def test_everything_is_described(schema: strawberry.Schema) -> None:
    """Every type, every root field, and every field with a resolver of its own."""
    missing = []
    for kind in schema._schema.type_map.values():
        if kind.name.startswith("__") or not isinstance(kind, DESCRIBED):
            continue
        if kind.description is None and not kind.name.endswith(SELF_EXPLAINING):
            missing.append(kind.name)
        if kind in (schema._schema.query_type, schema._schema.mutation_type) or kind.name == "Member":
            missing += [f"{kind}.{key}" for key, field in kind.fields.items() if not field.description and key != "id"]
    assert missing == []


def test_no_slice_is_forgotten(name: str, schema: strawberry.Schema) -> None:
    """Every `…Fields`, `…Query` and `…Mutation` that a slice defines is composed into its schema."""
    known = {
        base
        for root in (schema.query, schema.mutation, *_origins(schema))
        if root is not None
        for base in inspect.getmro(root)
    }
    forgotten = []
    for module_info in pkgutil.iter_modules(PACKAGES[name].__path__, f"{PACKAGES[name].__name__}."):
        module = importlib.import_module(module_info.name)
        for key, value in vars(module).items():
            is_slice = inspect.isclass(value) and value.__module__ == module.__name__
            if is_slice and key.endswith(("Fields", "Query", "Mutation")) and value not in known:
                forgotten.append(f"{module.__name__}.{key}")
    assert forgotten == []


def _origins(schema: strawberry.Schema) -> list[type]:
    definitions = [kind.extensions.get("strawberry-definition") for kind in schema._schema.type_map.values()]
    return [d.origin for d in definitions if isinstance(getattr(d, "origin", None), type)]
