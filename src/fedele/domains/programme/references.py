"""What names what across the sections: keys that are defined, keys that are referred to, and texts to translate."""

import dataclasses
import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel

from fedele.domains.programme.types import Defines, ReferenceKind, Refers, Text
from fedele.kernel.expressions import Expression

Path = tuple[str | int, ...]

_LITERAL = re.compile(r"""['"]([^'"]*)['"]""")
_TIERS = re.compile(
    r"""member\.tier\s*(?:[!=]=|\bin\b)\s*(?P<after>'[^']*'|"[^"]*"|\[[^\]]*\])"""
    r"""|(?P<before>'[^']*'|"[^"]*")\s*[!=]=\s*member\.tier\b"""
)
_SEGMENT = re.compile(r"""('[^']*'|"[^"]*")\s+in\s+member\.segments\b""")
_BALANCE = re.compile(r"""member\.balances(?:\.(?P<dot>\w+)|\[\s*['"](?P<bracket>[^'"]+)['"]\s*\])""")


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A marked value: what it defines or refers to, or a Text; and where it stands in its section."""

    mark: Defines | Refers | None
    value: Any
    path: Path
    is_key: bool = False  # the value is a key of a mapping, and the path leads to what it stands for


def marks(section: BaseModel) -> Iterator[Mark]:
    """Every marked value of a section, in the file's order."""
    return _of_model(section, ())


def names_in(expression: Expression) -> Iterator[tuple[ReferenceKind, str]]:
    """Tiers, currencies and segments that a condition names: `member.tier in ['gold']`, `'vip' in member.segments`.

    Read from the text by what is commonly written; a tier that a condition computes is not seen.
    """
    if "member.tier" in expression.names:
        for found in _TIERS.finditer(expression.text):
            literals = _LITERAL.findall(found["after"] or found["before"])
            yield from (("tier", literal) for literal in literals if literal)  # '': a member without a tier
    if "member.segments" in expression.names:
        yield from (("segment", found[1][1:-1]) for found in _SEGMENT.finditer(expression.text))
    if "member.balances" in expression.names:
        yield from (("currency", found["dot"] or found["bracket"]) for found in _BALANCE.finditer(expression.text))


def _of_model(model: BaseModel, path: Path) -> Iterator[Mark]:
    if isinstance(model, Text):
        yield Mark(None, model, path)
        return
    is_root = isinstance(model, RootModel)
    for name, field in type(model).model_fields.items():
        if not is_root and name not in model.model_fields_set:
            continue
        here = path if is_root else (*path, name)
        yield from _of_value(getattr(model, name), field.annotation, field.metadata, here)


def _of_value(value: Any, annotation: Any, metadata: list[Any], path: Path) -> Iterator[Mark]:
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    if isinstance(value, BaseModel):
        yield from _of_model(value, path)
    elif isinstance(value, Expression):
        yield from (Mark(Refers(kind), name, path) for kind, name in names_in(value))
    elif isinstance(value, str):
        told = [*metadata, *_optional(annotation)]
        yield from (Mark(mark, value, path) for mark in told if isinstance(mark, Defines | Refers))
    elif isinstance(value, tuple):
        inner = _argument(annotation, tuple, 0)
        for index, item in enumerate(value):
            yield from _of_value(item, inner, [], (*path, index))
    elif isinstance(value, dict):
        key_type, value_type = _argument(annotation, dict, 0), _argument(annotation, dict, 1)
        for key, item in value.items():
            marked = _of_value(key, key_type, [], (*path, key))
            yield from (dataclasses.replace(mark, is_key=True) for mark in marked)
            yield from _of_value(item, value_type, [], (*path, key))


def _optional(annotation: Any) -> Iterator[Any]:
    """The marks inside a union: `TierRef | None` names a tier too."""
    if get_origin(annotation) in (Union, UnionType):
        for option in get_args(annotation):
            if get_origin(option) is Annotated:
                yield from get_args(option)[1:]


def _argument(annotation: Any, origin: type, index: int) -> Any:
    """The type argument of a tuple or dict annotation, also behind a union: `tuple[PlaceRef, ...] | Literal["all"]`."""
    for option in (annotation, *get_args(annotation)):
        if get_origin(option) is Annotated:
            option = get_args(option)[0]
        if get_origin(option) is origin:
            return get_args(option)[index]
    return Any
