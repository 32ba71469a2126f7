"""Relay's Node: anything that can be fetched again by its id."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence

import strawberry

from fedele.api.context import Context


@strawberry.interface
class Node:
    """Something with an id of its own that `node(id:)` finds again."""

    id: strawberry.ID


@dataclasses.dataclass(frozen=True, slots=True)
class NodeKind:
    """How the ids that begin with `prefix_` are found. `fetch` gives None for what is unknown or not the caller's."""

    prefix: str
    fetch: Callable[[Context, strawberry.ID], Awaitable[Node | None]]


async def find_node(kinds: Sequence[NodeKind], context: Context, text: strawberry.ID) -> Node | None:
    """The node with this id, if it exists and is the caller's."""
    prefix = text.rpartition("_")[0]
    kind = next((kind for kind in kinds if kind.prefix == prefix), None)
    return await kind.fetch(context, text) if kind else None
