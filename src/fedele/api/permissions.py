"""Permissions are declared on root fields and printed into the SDL. What declares nothing cannot be served.

`guard(schema)` walks the schema once at start: a root field without a declaration stops the server; every other one is
wrapped in its check, so that no resolver can forget it.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType, GraphQLSchema
from strawberry.schema_directive import Location

from fedele.api.context import Context
from fedele.api.errors import Forbidden, Unauthenticated, refusals_to_user_errors
from fedele.domains.auth.types import Anonymous, MemberPrincipal, Principal, Scope

T = TypeVar("T")

PUBLIC = "public"  # anybody, logged in or not
MEMBER = "member"  # a member's own token


class UndeclaredPermission(RuntimeError):
    """A root field says nothing about who may use it."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="requires",
    description='Who may use this field: "public", "member" (their own token), or a scope of a staff key or session.',
)
class Requires:
    """The declaration, as the SDL shows it."""

    scope: str


def query_field(*, requires: str, **options: Any) -> Callable[[Callable[..., Awaitable[T]]], Any]:
    """A root query field. The docstring is its description; the result is nullable."""

    def build(resolver: Callable[..., Awaitable[T]]) -> Any:
        return strawberry.field(
            resolver, directives=[Requires(scope=known_scope(requires))], description=_description(resolver), **options
        )

    return build


def mutation_field(*, requires: str, **options: Any) -> Callable[[Callable[..., Awaitable[T]]], Any]:
    """A mutation. A Refusal raised inside becomes a userErrors entry of its payload; see `fedele.api.errors`."""

    def build(resolver: Callable[..., Awaitable[T]]) -> Any:
        return strawberry.mutation(
            refusals_to_user_errors(resolver),
            directives=[Requires(scope=known_scope(requires))],
            description=_description(resolver),
            **options,
        )

    return build


def guard(schema: GraphQLSchema) -> None:
    """Wrap every root field in its check. Raises UndeclaredPermission naming the fields that declare nothing."""
    roots = [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root]
    undeclared = [f"{root.name}.{name}" for root in roots for name, field in root.fields.items() if not _scope(field)]
    if undeclared:
        raise UndeclaredPermission(f"say who may use {', '.join(undeclared)}: @query_field(requires=…)")
    for root in roots:
        for field in root.fields.values():
            _guard_field(root, field)


def declared_scopes(schema: GraphQLSchema) -> dict[str, str]:
    """ "Query.me" → "member", for every root field."""
    roots = [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root]
    return {f"{root.name}.{name}": _scope(field) or "" for root in roots for name, field in root.fields.items()}


def check(principal: Principal, scope: str) -> None:
    """Raise Unauthenticated or Forbidden unless this caller has the scope."""
    if scope == PUBLIC:
        return
    if isinstance(principal, Anonymous):
        raise Unauthenticated("Log in first: send an Authorization header.")
    if isinstance(principal, MemberPrincipal):
        allowed = scope == MEMBER
    else:
        allowed = any(held == scope for held in principal.scopes)
    if not allowed:
        raise Forbidden(f"This needs the scope {scope}.", scope=scope)


def known_scope(scope: str) -> str:
    """The scope itself. Raises UndeclaredPermission for one that nobody can hold (a typing mistake)."""
    if scope not in {PUBLIC, MEMBER, *Scope}:
        raise UndeclaredPermission(f"nobody can hold the scope {scope!r}; see fedele.domains.auth.types.Scope")
    return scope


def _scope(field: GraphQLField) -> str | None:
    definition = (field.extensions or {}).get("strawberry-definition")
    directives = getattr(definition, "directives", ())
    return next((directive.scope for directive in directives if isinstance(directive, Requires)), None)


def _guard_field(root: GraphQLObjectType, field: GraphQLField) -> None:
    scope, resolve = _scope(field), field.resolve
    if resolve is None or scope is None or isinstance(field.type, GraphQLNonNull):
        raise UndeclaredPermission(f"a root field of {root.name} has no resolver, or is not nullable: {field}")

    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        context: Context = info.context
        check(context.principal, scope)
        return resolve(source, info, **arguments)

    field.resolve = guarded


def _description(resolver: Callable[..., Any]) -> str | None:
    return inspect.getdoc(resolver)
