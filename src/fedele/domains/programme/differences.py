"""What would change between two versions, section by section and key by key, in words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from fedele.domains.programme.types import Change

_ABSENT = object()
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")  # exact numbers travel as text


def differences(old: Mapping[str, BaseModel] | None, new: Mapping[str, BaseModel]) -> tuple[Change, ...]:
    """All changes, in the file's order. `old` is None where nothing was applied yet."""
    found: list[Change] = []
    for section, model in new.items():
        before = _dump(old[section]) if old and section in old else {}
        found += _compare(section, "", before, _dump(model))
    return tuple(found)


def _dump(model: BaseModel) -> Any:
    """Only what the file says: a default that a later release changes is no change of the programme."""
    return _keyed(model.model_dump(mode="json", exclude_unset=True, by_alias=True))


def _keyed(value: Any) -> Any:
    """Lists of things that have a key, as mappings by key: moving a rule is not the same as rewriting two."""
    if isinstance(value, dict):
        return {key: _keyed(item) for key, item in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and "key" in item for item in value):
            return _Things({item["key"]: _keyed(item) for item in value})
        return [_keyed(item) for item in value]
    return value


class _Things(dict[str, Any]):
    """A list of things by key, in order."""


def _compare(section: str, path: str, old: Any, new: Any) -> Iterator[Change]:
    if _is_nothing(old) and _is_nothing(new):
        return
    if isinstance(new, dict) and isinstance(old, dict):  # equal dicts may differ in the order of things
        yield from _compare_maps(section, path, old, new)
    elif isinstance(new, _Things) and _is_nothing(old):
        yield from _compare_maps(section, path, {}, new)
    elif isinstance(old, _Things) and _is_nothing(new):
        yield from _compare_maps(section, path, old, {})
    elif old != new:
        yield _change(section, path, old, new)


def _is_nothing(value: Any) -> bool:
    return value is _ABSENT or value is None or value in ({}, [])


def _compare_maps(section: str, path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    are_things = isinstance(new, _Things) or isinstance(old, _Things)
    for key in [*new, *(key for key in old if key not in new)]:
        here = f"{path}[{key}]" if are_things else f"{path}.{key}" if path else key
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if are_things and (before is _ABSENT or after is _ABSENT):
            yield _change(section, here, before, after)
        else:
            yield from _compare(section, here, before, after)
    if are_things:
        yield from _order(section, path, [key for key in old if key in new], [key for key in new if key in old])


def _order(section: str, path: str, old: list[str], new: list[str]) -> Iterator[Change]:
    if old != new:
        words = f"{_where(section, path)}: the order changes from {', '.join(old)} to {', '.join(new)}"
        yield Change(section, path, "changed", words, old, new)


def _change(section: str, path: str, old: Any, new: Any) -> Change:
    where = _where(section, path)
    if old is _ABSENT:
        words = f"{where} is added" if isinstance(new, dict) else f"{where} is set to {_shown(new)}"
        return Change(section, path, "added", words, None, new)
    if new is _ABSENT:
        words = f"{where} is removed" if isinstance(old, dict) else f"{where} is no longer set (was {_shown(old)})"
        return Change(section, path, "removed", words, old, None)
    return Change(section, path, "changed", f"{where} changes from {_shown(old)} to {_shown(new)}", old, new)


def _where(section: str, path: str) -> str:
    separator = "" if not path or path.startswith("[") else "."
    return f"{section}{separator}{path}"


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "nothing"
        case str():
            return value if _NUMBER.fullmatch(value) else f"“{value}”"
        case list():
            return f"[{', '.join(_shown(item) for item in value)}]"
        case dict():
            return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
        case _:
            return str(value)
