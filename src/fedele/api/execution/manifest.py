"""Manifests of trusted documents, in the shapes that clients' own tools write, and the one that we write."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, parse

from fedele.api.execution.operations import OperationFile
from fedele.api.execution.prepared import DocumentInvalid, prepare, sha256_of


class ManifestInvalid(ValueError):
    """The manifest cannot be published; the text says which entry and why. Nothing is published then."""


@dataclasses.dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One document of a manifest, checked: its hash is that of its text."""

    sha256: str
    name: str
    body: str


def write_manifest(operations: Iterable[OperationFile]) -> dict[str, Any]:
    """Our operations as an Apollo persisted-query manifest, which Apollo's, urql's and codegen's clients can read."""
    entries = [
        {"id": operation.sha256, "name": operation.name, "type": _type(operation.body), "body": operation.body}
        for operation in operations
    ]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": entries}


def read_manifest(value: Any) -> list[ManifestEntry]:
    """Read a manifest of Apollo (`operations: [{id, name, body}]`), Relay (`{md5 or id: text}`) or codegen (`{sha256:
    text}`). The client must name documents by the sha256 of the text that it lists. Raises ManifestInvalid."""
    if isinstance(value, dict) and isinstance(value.get("operations"), list):
        pairs = [_apollo_pair(entry) for entry in value["operations"]]
    elif isinstance(value, dict) and value and all(isinstance(text, str) for text in value.values()):
        pairs = list(value.items())
    elif isinstance(value, list) and all(isinstance(entry, list) and len(entry) == 2 for entry in value):
        pairs = [(entry[0], entry[1]) for entry in value]
    else:
        raise ManifestInvalid("this is neither an Apollo manifest nor an object of hash and text (Relay, codegen)")
    return [_entry(document_id, body) for document_id, body in pairs]


def check_manifest(schema: GraphQLSchema, entries: Iterable[ManifestEntry]) -> None:
    """Raise ManifestInvalid naming every document that does not fit the schema."""
    problems = []
    for entry in entries:
        try:
            prepare(schema, entry.body, None)
        except DocumentInvalid as invalid:
            problems += [f"{entry.name}: {error.message}" for error in invalid.errors]
    if problems:
        raise ManifestInvalid("\n".join(problems))


def _apollo_pair(entry: Any) -> tuple[Any, Any]:
    if not isinstance(entry, dict):
        raise ManifestInvalid("an entry of `operations` is no object")
    return entry.get("id"), entry.get("body")


def _entry(document_id: Any, body: Any) -> ManifestEntry:
    if not isinstance(body, str) or not isinstance(document_id, str):
        raise ManifestInvalid("every document needs its id and its text")
    sha256 = sha256_of(body)
    if document_id.removeprefix("sha256:").lower() != sha256:
        raise ManifestInvalid(
            f"{document_id} is not the sha256 of its text ({sha256}); configure the client's tool to hash with sha256"
        )
    try:
        document = parse(body)
    except GraphQLError as error:
        raise ManifestInvalid(f"{document_id}: {error.message}") from None
    names = [
        definition.name.value
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode) and definition.name
    ]
    if not names:
        raise ManifestInvalid(f"{document_id} holds no named operation")
    return ManifestEntry(sha256, names[0], body)


def _type(body: str) -> str:
    operation = next(d for d in parse(body).definitions if isinstance(d, OperationDefinitionNode))
    return operation.operation.value
