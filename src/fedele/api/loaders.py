"""Loaders: many look-ups of one operation become one statement. A loader is made from a room's `xs_by_y` function."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from strawberry.dataloader import DataLoader

from fedele.db.database import Queryable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BatchFunction: TypeAlias = Callable[[Queryable, Sequence[K]], Awaitable[Mapping[K, V]]]

BATCH_SIZE_MAX = 500


class Loaders:
    """The loaders of one operation, by their batch function. What was loaded once is not asked again."""

    def __init__(self, reader: Queryable) -> None:
        self._reader = reader
        self._loaders: dict[Any, DataLoader[Any, Any]] = {}

    async def load(self, batch: BatchFunction[K, V], key: K) -> V | None:
        """One value, or None where the batch function knows none. `batch(db, keys)` returns a mapping."""
        value: V | None = await self._loader(batch).load(key)
        return value

    async def load_many(self, batch: BatchFunction[K, V], keys: Sequence[K]) -> list[V]:
        """The values of these keys, in their order, without those that are unknown."""
        values: list[V | None] = await self._loader(batch).load_many(keys)
        return [value for value in values if value is not None]

    def clear(self) -> None:
        """Forget everything: a mutation's payload must show what the mutation did."""
        self._loaders.clear()

    def _loader(self, batch: BatchFunction[K, V]) -> DataLoader[K, V | None]:
        loader = self._loaders.get(batch)
        if loader is None:

            async def load_in_order(keys: list[K]) -> list[V | None]:
                found = await batch(self._reader, keys)
                return [found.get(key) for key in keys]

            loader = self._loaders[batch] = DataLoader(load_fn=load_in_order, max_batch_size=BATCH_SIZE_MAX)
        return loader
