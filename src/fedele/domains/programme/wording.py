"""pydantic's complaints in words that say what to do, and the place in the file that each belongs to."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic_core import ErrorDetails

from fedele.domains.programme.nodes import Node
from fedele.domains.programme.types import Problem

Loc = Sequence[str | int]
DISCRIMINATORS = ("type", "do")  # what tells the branches of a union apart: in programmes, and in scenarios
QUOTE = "'"


def problems(errors: Sequence[ErrorDetails], section: str, model: type[BaseModel], node: Node) -> list[Problem]:
    """The validation errors of a section. A list that is too short since its items are wrong is no error by itself."""
    places = [tuple(error["loc"]) for error in errors]
    told = []
    for error, place in zip(errors, places, strict=True):
        inner = any(len(other) > len(place) and other[: len(place)] == place for other in places)
        if not (error["type"] == "too_short" and inner):
            told.append(problem(error, section, model, node))
    return told


def problem(error: ErrorDetails, section: str, model: type[BaseModel], node: Node) -> Problem:
    """One validation error of a section as a Problem with its place in the file."""
    steps, line, column = locate(node, error["loc"], by_key=error["type"] == "extra_forbidden")
    if error["type"] == "expression":
        line, column = _within(at(node, steps), error.get("ctx", {}), line, column)
    return Problem(path_text(section, steps), line, column, words(error, model))


def at(node: Node, steps: Iterable[str | int]) -> Node:
    """The node at a path that exists."""
    for step in steps:
        if node.map is not None:
            node = node.map[str(step)][2]
        elif node.list is not None:
            node = node.list[int(step)]
    return node


def _within(node: Node, context: Mapping[str, Any], line: int, column: int) -> tuple[int, int]:
    """The place of a mistake inside an expression: exact for one that was written on a line of its key."""
    if "line" not in context or node.scalar is None:
        return line, column
    if node.style == "|":
        return line + context["line"], column  # a block begins on the line below its key
    if context["line"] > 1 or node.style == ">":
        return line, column
    return line, column + context["column"] - 1 + (node.style in ("'", '"'))


def locate(node: Node, loc: Loc, *, by_key: bool = False) -> tuple[list[str | int], int, int]:
    """The path that exists in the file, and the line and column of its end. Names of union branches are passed over."""
    steps: list[str | int] = []
    line, column = node.line, node.column
    for part in loc:
        if node.map is not None and str(part) in node.map:
            key_line, key_column, value = node.map[str(part)]
            steps.append(str(part))
            node = value
            line, column = (key_line, key_column) if by_key else (value.line, value.column)
        elif node.list is not None and isinstance(part, int) and part < len(node.list):
            node = node.list[part]
            steps.append(part)
            line, column = node.line, node.column
    return steps, line, column


def path_text(section: str, steps: Iterable[str | int]) -> str:
    """`earning.rules[0].multiplier`."""
    path = section + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return path.removeprefix(".")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to add to "unknown word": the closest known one, or the whole choice if it is short, or nothing."""
    choices = sorted(known)
    if close := difflib.get_close_matches(word, choices, n=1, cutoff=0.6):
        return f" Did you mean '{close[0]}'?"
    return f" There are: {', '.join(choices)}." if 0 < len(choices) <= 30 else ""


def words(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong and what to do."""
    context: dict[str, Any] = error.get("ctx", {})
    given = error["input"]
    last = str(error["loc"][-1]) if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            return f"the key '{last}' is not known here.{did_you_mean(last, keys_at(model, error['loc'][:-1]))}"
        case "missing":
            return f"the key '{last}' is missing"
        case "union_tag_not_found":
            return f"needs a {context['discriminator']}: one of {', '.join(tags_at(model, error['loc']))}"
        case "union_tag_invalid":
            kind, tag = context["discriminator"].strip(QUOTE), context["tag"]
            return f"there is no {kind} '{tag}'.{did_you_mean(tag, tags_at(model, error['loc']))}"
        case "literal_error":
            close = _closest(str(given), context["expected"])
            return f"must be {context['expected']}, not {_shown(given)}{close}"
        case "value_error" | "expression":
            return _own_words(error, context)
        case "string_type" if isinstance(given, int | float) or hasattr(given, "as_tuple"):
            return f"must be a text: put {given} in quotes"
        case kind if kind in _COUNTS:
            return _COUNTS[kind].format(**context)
        case _:
            return f"{_wanted(error, context)}, not {_shown(given)}"


def _wanted(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    """What should stand there instead."""
    if error["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"must match the pattern {context['pattern']}")
    if wanted := _WANTED.get(error["type"]):
        return f"must be {wanted.format(**context)}"
    message = error["msg"].replace("Input should", "should")
    return f"{message[0].lower()}{message[1:]}"


# What pydantic says by its codes, in the words of somebody who writes YAML.
_WANTED = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "a whole number"),
    **dict.fromkeys(("decimal_parsing", "decimal_type", "float_parsing", "float_type"), "a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "true or false"),
    **dict.fromkeys(("date_parsing", "date_from_datetime_parsing", "date_type"), "a date like 2026-12-01"),
    **dict.fromkeys(
        ("datetime_parsing", "datetime_from_date_parsing", "datetime_type"), "a time like 2026-12-01T06:00"
    ),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "a mapping of keys"),
    **dict.fromkeys(("tuple_type", "list_type"), "a list"),
    "string_type": "a text",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "decimal_max_places": "a number of at most {decimal_places} decimals",
    "decimal_max_digits": "a number of at most {max_digits} digits",
}
_COUNTS = {"too_short": "needs at least {min_length} of them", "too_long": "takes at most {max_length} of them"}
_PATTERNS = {
    r"^[a-z][a-z0-9_.]{0,62}$": "must be an event's name: small letters, digits, '_' and '.', as in 'ride'",
    "^https://": "must be an address that begins with https://",
    "^(https://|mailto:)": "must begin with https:// or mailto:",
    "^[A-Z]{2}$": "must be a country of two capital letters like 'IT'",
    "^[A-Z]{3}$": "must be a currency of three capital letters like 'EUR'",
    "^#[0-9A-Fa-f]{6}$": "must be a colour like '#0B5D3B' (in quotes: # begins a comment)",
}


def _closest(given: str, expected: str) -> str:
    """The word that was probably meant, of "'mon', 'tue' or 'sun'": by likeness, or by how it begins."""
    choices = re.findall(r"'([^']*)'", expected)
    close = difflib.get_close_matches(given, choices, n=1, cutoff=0.6) or [
        choice for choice in choices if given and (given.startswith(choice) or choice.startswith(given))
    ]
    return f". Did you mean '{close[0]}'?" if close else ""


def _own_words(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    """What a config model or an expression says of itself; Python's own complaints about a date in ours."""
    said = error["msg"] if error["type"] == "expression" else str(context["error"])
    if "day is out of range" in said:  # of a month, in Python 3.11 to 3.14
        return "there is no such day: that month is shorter"
    return said


def _shown(given: Any) -> str:
    if given is None:
        return "nothing"
    if isinstance(given, str):
        return f"'{given[:60]}'"
    if isinstance(given, dict):
        return "a mapping"
    return "a list" if isinstance(given, list) else str(given)


def keys_at(model: Any, loc: Loc) -> set[str]:
    """The keys that the file may use at this location of a model."""
    found: set[str] = set()
    for annotation in _descend(model, tuple(loc)):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found |= set(annotation.model_fields)
    return found


def tags_at(model: Any, loc: Loc) -> list[str]:
    """The types that the union at this location offers."""
    tags = [tag for annotation in _descend(model, tuple(loc), leaves=False) for tag in _tags(annotation)]
    return sorted(set(tags))


def _tags(annotation: Any) -> list[str]:
    tags: list[str] = []
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            told = next((option.model_fields[name] for name in DISCRIMINATORS if name in option.model_fields), None)
            tags += [str(tag) for tag in get_args(told.annotation)] if told else []
    return tags


def _options(annotation: Any) -> list[Any]:
    """The branches of a union, Annotated and None stripped; of anything else, itself."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        return [leaf for branch in get_args(annotation) if branch is not type(None) for leaf in _options(branch)]
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _options(annotation.model_fields["root"].annotation)
    return [annotation]


def _descend(annotation: Any, loc: tuple[str | int, ...], *, leaves: bool = True) -> list[Any]:
    """The annotations that a location can mean; several, where branches of a union share a key."""
    options = _options(annotation)
    if not loc:
        return options if leaves else [annotation]
    head, rest = loc[0], loc[1:]
    tagged = [option for option in options if len(options) > 1 and str(head) in _tags(option)]
    if tagged:
        return [found for option in tagged for found in _descend(option, rest, leaves=leaves)]
    below = [annotation for option in options for annotation in _below(option, head)]
    return [found for annotation in below for found in _descend(annotation, rest, leaves=leaves)]


def _below(annotation: Any, head: str | int) -> list[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (tuple, list) and isinstance(head, int):
        return [arguments[0]]
    if origin is dict:
        return [arguments[1]]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and head in annotation.model_fields:
        return [annotation.model_fields[str(head)].annotation]
    return []
