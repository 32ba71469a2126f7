"""The many shapes in which clients say which operation they mean, read into one."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import orjson

_SHA256_LENGTH = 64
# The character U+0000 as JSON and GraphQL escape it (raw, JSON forbids it). PostgreSQL's text cannot hold it.
_NUL = re.compile(r"\\u(?:0000|\{0+\})")


class MalformedRequest(Exception):
    """The request is no GraphQL request; the text says why, for the developer who wrote it."""


@dataclasses.dataclass(frozen=True, slots=True)
class OperationRequest:
    """What to run. `sha256` names a persisted document; `query` is its text; one of the two is there."""

    query: str | None = None
    sha256: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None


def read_body(body: bytes) -> OperationRequest:
    """A POST body in JSON. Raises MalformedRequest."""
    return _read(read_object(body))


def read_object(body: bytes) -> dict[str, Any]:
    """One JSON object without the character that PostgreSQL cannot hold. Raises MalformedRequest."""
    _refuse_nul(body.decode(errors="replace"))
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise MalformedRequest("the body must be one JSON object; batches are not served")
    return value


def read_query_string(parameters: Mapping[str, str]) -> OperationRequest:
    """The parameters of a GET; `variables` and `extensions` are JSON text in it. Raises MalformedRequest."""
    value: dict[str, Any] = dict(parameters)
    for parameter in parameters.values():
        _refuse_nul(parameter)
    for name in ("variables", "extensions"):
        if text := parameters.get(name):
            try:
                value[name] = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise MalformedRequest(f"{name} is not JSON: {error}") from None
        else:
            value.pop(name, None)
    if value.get("operationName") == "":
        del value["operationName"]
    return _read(value)


def _read(value: dict[str, Any]) -> OperationRequest:
    query = _typed(value, "query", str)
    extensions = _typed(value, "extensions", dict) or {}
    sha256 = _document_hash(value, extensions)
    if not query and sha256 is None:
        raise MalformedRequest("send the operation's text as `query`, or a persisted document's id as `documentId`")
    return OperationRequest(
        query=query or None,
        sha256=sha256,
        operation_name=_typed(value, "operationName", str),
        variables=_typed(value, "variables", dict),
    )


def _document_hash(value: dict[str, Any], extensions: dict[str, Any]) -> str | None:
    """Apollo and urql say extensions.persistedQuery.sha256Hash, the specification documentId, Relay id or doc_id."""
    persisted = extensions.get("persistedQuery")
    if isinstance(persisted, dict):
        text = persisted.get("sha256Hash")
    else:
        text = next((value[name] for name in ("documentId", "id", "doc_id") if value.get(name) is not None), None)
    if text is None:
        return None
    if not isinstance(text, str):
        raise MalformedRequest("the id of a persisted document must be text")
    text = text.removeprefix("sha256:").lower()
    if len(text) != _SHA256_LENGTH or not all(character in "0123456789abcdef" for character in text):
        raise MalformedRequest("the id of a persisted document is the sha256 of its text, in 64 hexadecimal digits")
    return text


def _refuse_nul(text: str) -> None:
    if _NUL.search(text):
        raise MalformedRequest("no text may hold the character U+0000")


def _typed(value: dict[str, Any], name: str, kind: type) -> Any:
    given = value.get(name)
    if given is not None and not isinstance(given, kind):
        raise MalformedRequest(f"`{name}` must be {'text' if kind is str else 'an object'}, or null")
    return given
