"""Lookahead: which fields below this one were asked for, so that a resolver fetches what its subtree needs at once."""

from typing import Any

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from fedele.api.context import Info

PATHS_MAX = 2_000  # the limiter has bounded the document before; this bounds us should somebody lift its limits


def selected(info: Info) -> frozenset[str]:
    """The dotted paths of field names asked for below this field: {"edges", "edges.node", "edges.node.title"}.

    Names are the schema's (aliases are seen through), fragments are followed whatever their type condition, and what
    @skip or @include leaves out is left out.
    """
    raw = info._raw_info
    paths: set[str] = set()
    stack: list[tuple[SelectionSetNode | None, str]] = [(node.selection_set, "") for node in raw.field_nodes]
    visited: set[tuple[int, str]] = set()
    while stack and len(paths) < PATHS_MAX:
        selection_set, prefix = stack.pop()
        if selection_set is None or (id(selection_set), prefix) in visited:
            continue
        visited.add((id(selection_set), prefix))
        for node in selection_set.selections:
            if not _included(node, raw.variable_values):
                continue
            if isinstance(node, FieldNode):
                path = f"{prefix}{node.name.value}"
                paths.add(path)
                stack.append((node.selection_set, f"{path}."))
            elif isinstance(node, InlineFragmentNode):
                stack.append((node.selection_set, prefix))
            elif isinstance(node, FragmentSpreadNode):
                stack.append((raw.fragments[node.name.value].selection_set, prefix))
    return frozenset(paths)


def _included(node: Any, variables: Any) -> bool:
    values = getattr(variables, "coerced", variables)
    for directive in node.directives or ():
        if directive.name.value not in {"skip", "include"}:
            continue
        value = directive.arguments[0].value
        condition = values.get(value.name.value) if value.kind == "variable" else value.value
        if bool(condition) is (directive.name.value == "skip"):
            return False
    return True
