"""Relay connections over the kernel's keyset pages: nothing is skipped when rows come and go."""

from collections.abc import Callable
from typing import Generic, TypeVar

import strawberry

from fedele.api.errors import BadInput
from fedele.kernel.pages import Page

T = TypeVar("T")
R = TypeVar("R")

PAGE_SIZE_MAX = 100


@strawberry.type
class PageInfo:
    """Where this page ends. Lists go forward only."""

    has_next_page: bool
    end_cursor: str | None = strawberry.field(description="Give it as `after` to get the next page.")
    has_previous_page: bool = strawberry.field(default=False, description="Always false: lists go forward only.")
    start_cursor: str | None = None


@strawberry.type
class Edge(Generic[T]):
    """One item of a list, and its place in it."""

    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]]
    page_info: PageInfo


def page_size(first: int) -> int:
    """The asked size. Raises BadInput unless it is 1 to 100."""
    if not 1 <= first <= PAGE_SIZE_MAX:
        raise BadInput(f"`first` is {first}; it must be 1 to {PAGE_SIZE_MAX}")
    return first


def page_info(page: Page[R]) -> PageInfo:
    """Where this page begins and ends."""
    cursors = page.cursors
    return PageInfo(
        has_next_page=page.has_next,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def edges(page: Page[R], to_node: Callable[[R], T]) -> list[Edge[T]]:
    """Every record of a page as an edge."""
    return [Edge(node=to_node(item), cursor=cursor) for item, cursor in zip(page.items, page.cursors, strict=True)]


def connection(page: Page[R], to_node: Callable[[R], T]) -> Connection[T]:
    """A page of records as a connection of nodes."""
    return Connection(edges=edges(page, to_node), page_info=page_info(page))
