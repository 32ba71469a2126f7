"""OpenAPI 3.1 of the REST twin, derived from the till's documents and the staff schema: it cannot drift from them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    parse,
    type_from_ast,
)

from fedele.api.execution.operations import OperationFile

_SCALARS: Mapping[str, dict[str, Any]] = {
    "Int": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Decimal": {"type": "string", "format": "decimal", "examples": ["12.50"]},
    "JSON": {"type": "object"},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "requestId"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In the language of Accept-Language: en, it, ru or ar."},
        "code": {"type": "string", "description": "The reason, for a program."},
        "field": {"type": ["array", "null"], "items": {"type": "string"}, "description": "The way to the field."},
        "requestId": {"type": "string"},
    },
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The till's own key: the same again for a retry gets the identical answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


class Described(Protocol):
    """What is known of a route."""

    @property
    def name(self) -> str:
        """The last word of its path."""

    @property
    def document(self) -> str:
        """The document behind it."""

    @property
    def root(self) -> str:
        """The root field of the answer."""

    @property
    def summary(self) -> str:
        """What it does."""

    @property
    def keyed(self) -> bool:
        """Whether it needs an Idempotency-Key."""


def describe(
    schema: GraphQLSchema, operations: Sequence[Described], documents: Mapping[str, OperationFile], prefix: str
) -> dict[str, Any]:
    """The whole description."""
    inputs: dict[str, Any] = {"Problem": _PROBLEM}
    paths = {
        f"{prefix}/{one.name}": {"post": _operation(schema, one, documents[one.document].text, inputs)}
        for one in operations
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fedele at the till",
            "version": "1",
            "description": "The till's operations for systems that cannot speak GraphQL; same keys, same answers.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(inputs.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key, scope till."}},
        },
    }


def _operation(schema: GraphQLSchema, one: Described, text: str, inputs: dict[str, Any]) -> dict[str, Any]:
    definition = parse(text).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    root_type = schema.get_root_type(definition.operation)
    assert root_type is not None
    field = _only_field(definition.selection_set)
    answered = _bare(root_type.fields[field.name.value].type)
    assert isinstance(answered, GraphQLObjectType)
    assert field.selection_set is not None
    refused = _bare(_bare(answered.fields["userErrors"].type).fields["code"].type)
    return {
        "operationId": one.name,
        "summary": one.summary,
        **({"parameters": [_KEY]} if one.keyed else {}),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _body(schema, definition, one, inputs)}},
        },
        "responses": {
            "200": {
                "description": answered.description or one.summary,
                "content": {"application/json": {"schema": _selected(answered, field.selection_set, top=True)}},
            },
            "default": {
                "description": "Refused, and nothing was written. Codes: " + ", ".join(sorted(refused.values)) + ".",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }


def _body(
    schema: GraphQLSchema, definition: OperationDefinitionNode, one: Described, inputs: dict[str, Any]
) -> dict[str, Any]:
    variables = {
        variable.variable.name.value: type_from_ast(schema, variable.type)
        for variable in definition.variable_definitions or ()
    }
    if list(variables) == ["input"]:
        given = _bare(variables["input"])
        fields = {name: field for name, field in given.fields.items() if name != "idempotencyKey"}
        required = [name for name, field in fields.items() if _required(field)]
        properties = {name: _described(_given(field.type, inputs), field) for name, field in fields.items()}
    else:
        required = [name for name, kind in variables.items() if isinstance(kind, GraphQLNonNull)]
        properties = {name: _given(kind, inputs) for name, kind in variables.items()}
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _given(kind: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an input type; input objects become components."""
    if isinstance(kind, GraphQLNonNull):
        return _given(kind.of_type, inputs)
    if isinstance(kind, GraphQLList):
        return {"type": "array", "items": _given(kind.of_type, inputs)}
    if isinstance(kind, GraphQLInputObjectType):
        if kind.name not in inputs:
            inputs[kind.name] = {}  # its place is taken before its fields are read: types may hold each other
            inputs[kind.name] = {
                "type": "object",
                "description": kind.description or "",
                "required": [name for name, field in kind.fields.items() if _required(field)],
                "properties": {name: _described(_given(f.type, inputs), f) for name, f in kind.fields.items()},
                "additionalProperties": False,
            }
        return {"$ref": f"#/components/schemas/{kind.name}"}
    return _leaf(kind)


def _selected(kind: GraphQLObjectType, selection: SelectionSetNode, *, top: bool = False) -> dict[str, Any]:
    """The JSON Schema of what a selection answers. The top leaves userErrors out: they become problems."""
    properties: dict[str, Any] = {}
    for node in selection.selections:
        assert isinstance(node, FieldNode), "the till's documents have plain fields"
        name = node.name.value
        if top and name == "userErrors":
            continue
        field = kind.fields[name]
        properties[name] = _described(_answered(field.type, node), field)
    return {"type": "object", "required": list(properties), "properties": properties}


def _answered(kind: Any, node: FieldNode, *, nullable: bool = True) -> dict[str, Any]:
    if isinstance(kind, GraphQLNonNull):
        return _answered(kind.of_type, node, nullable=False)
    if isinstance(kind, GraphQLList):
        schema: dict[str, Any] = {"type": "array", "items": _answered(kind.of_type, node)}
    elif isinstance(kind, GraphQLObjectType):
        assert node.selection_set is not None
        schema = _selected(kind, node.selection_set)
    else:
        schema = _leaf(kind)
    return {"anyOf": [schema, {"type": "null"}]} if nullable else schema


def _leaf(kind: Any) -> dict[str, Any]:
    if isinstance(kind, GraphQLEnumType):
        return {"type": "string", "enum": list(kind.values)}
    return dict(_SCALARS.get(kind.name, {"type": "string"}))


def _described(schema: dict[str, Any], field: Any) -> dict[str, Any]:
    return {**schema, "description": field.description} if field.description else schema


def _required(field: Any) -> bool:
    return isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined


def _only_field(selection: SelectionSetNode) -> FieldNode:
    (field,) = selection.selections
    assert isinstance(field, FieldNode)
    return field


def _bare(kind: Any) -> Any:
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    return kind
