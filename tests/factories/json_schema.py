"""A JSON Schema validator for the keywords that our schema uses. An unknown keyword is an error, not a shrug.

Written here since no validator is among our dependencies; JSON Schema 2020-12, section by section, is what it follows.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_NOTES = {"title", "description", "default", "examples", "discriminator", "format", "$schema", "$defs", "$comment"}
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_LIMITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusiveMinimum": lambda value, limit: value > limit,
    "exclusiveMaximum": lambda value, limit: value < limit,
}
_SIZES: Mapping[str, tuple[type, int]] = {
    "minItems": (list, 1),
    "maxItems": (list, -1),
    "minLength": (str, 1),
    "maxLength": (str, -1),
    "minProperties": (dict, 1),
}


def invalid(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any] | None = None, at: str = "$") -> list[str]:
    """Where and why a value is not what the schema says; [] if it is."""
    return list(_problems(schema, value, root or schema, at))


def _problems(schema: Any, value: Any, root: Mapping[str, Any], at: str) -> Iterator[str]:
    if schema is True:
        return
    if unknown := schema.keys() - _NOTES - _KEYWORDS.keys():
        raise LookupError(f"{at}: {sorted(unknown)} is checked by nothing here: teach this validator the keyword")
    for check in dict.fromkeys(check for keyword, check in _KEYWORDS.items() if keyword in schema):
        yield from check(schema, value, root, at)


def _ref(schema: Any, value: Any, root: Mapping[str, Any], at: str) -> Iterator[str]:
    found: Any = root
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    yield from _problems(found, value, root, at)


def _type(schema: Any, value: Any, _root: Any, at: str) -> Iterator[str]:
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(_TYPES[kind](value) for kind in kinds):
        yield f"{at}: {value!r} is no {' or '.join(kinds)}"


def _any_of(schema: Any, value: Any, root: Any, at: str) -> Iterator[str]:
    for keyword in ("anyOf", "oneOf"):
        if keyword not in schema:
            continue
        found = [list(_problems(option, value, root, at)) for option in schema[keyword]]
        valid = sum(not problems for problems in found)
        if valid == 0 or (keyword == "oneOf" and valid > 1):
            yield min(found, key=len)[0] if not valid else f"{at}: {valid} of oneOf hold"


def _chosen(schema: Any, value: Any, _root: Any, at: str) -> Iterator[str]:
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"


def _measured(schema: Any, value: Any, _root: Any, at: str) -> Iterator[str]:
    for keyword, holds in _LIMITS.items():
        if keyword in schema and _TYPES["number"](value) and not holds(value, schema[keyword]):
            yield f"{at}: {value} against {keyword} {schema[keyword]}"
    for keyword, (kind, sign) in _SIZES.items():
        if keyword in schema and isinstance(value, kind) and sign * (len(value) - schema[keyword]) < 0:
            yield f"{at}: {len(value)} against {keyword} {schema[keyword]}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{at}: {value!r} against {schema['pattern']}"


def _object(schema: Any, value: Any, root: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    known = schema.get("properties", {})
    yield from (f"{at}: {key!r} is missing" for key in schema.get("required", ()) if key not in value)
    for key, item in value.items():
        if "propertyNames" in schema:
            yield from _problems(schema["propertyNames"], key, root, f"{at}.{key}")
        if key in known:
            yield from _problems(known[key], item, root, f"{at}.{key}")
        elif schema.get("additionalProperties", True) is False:
            yield f"{at}: {key!r} is unknown"
        else:
            yield from _problems(schema.get("additionalProperties", True), item, root, f"{at}.{key}")


def _array(schema: Any, value: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(schema["items"], item, root, f"{at}[{index}]")


_KEYWORDS: dict[str, Callable[[Any, Any, Any, str], Iterator[str]]] = {
    "$ref": _ref,
    "type": _type,
    "anyOf": _any_of,
    "const": _chosen,
    "minimum": _measured,
    "properties": _object,
    "items": _array,
}
# Keywords that one function looks at together: the first that stands in a schema calls it.
for _together in (
    ("anyOf", "oneOf"),
    ("const", "enum"),
    ("minimum", *_LIMITS, *_SIZES, "pattern"),
    ("properties", "required", "additionalProperties", "propertyNames"),
):
    for _name in _together:
        _KEYWORDS.setdefault(_name, _KEYWORDS[_together[0]])
