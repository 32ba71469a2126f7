"""The words under a class's attributes, read from its source when they are asked for."""

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Iterator


def attribute_docstrings(of: type) -> dict[str, str]:
    """Each annotated attribute of this class (not of its bases) that has a string under it, and that string.

    Empty where there is no source. pydantic can do the same (`use_attribute_docstrings`), but does it for every model
    as it is imported: an eighth of the time it takes to start, for what only an editor's schema says.
    """
    return _in_module(of.__module__).get(of.__qualname__, {})


@functools.cache
def _in_module(name: str) -> dict[str, dict[str, str]]:
    try:
        parsed = ast.parse(inspect.getsource(sys.modules[name]))
    except (KeyError, OSError, TypeError):
        return {}
    return {path: dict(_described(found)) for path, found in _classes(parsed, "")}


def _classes(within: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for one in within.body:
        if isinstance(one, ast.ClassDef):
            yield prefix + one.name, one
            yield from _classes(one, f"{prefix}{one.name}.")


def _described(found: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, words in itertools.pairwise(found.body):
        match field, words:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
