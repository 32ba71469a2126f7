"""The reads of one query operation: the same statement with the same values is sent once, and answered alike."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from fedele.db.database import Queryable, Row


class ReadAbandoned(Exception):
    """Whoever was sending the statement was cancelled; those who waited for it send it themselves."""


class OneReading:
    """A Queryable for a query operation, where fields of several rooms may ask the same of the database.

    Not for mutations: what is read after a write must be read again.
    """

    def __init__(self, reader: Queryable) -> None:
        self._reader = reader
        self._answers: dict[Any, asyncio.Future[Any]] = {}

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a statement."""
        return cast(list[Row], await self._once(self._reader.fetch, sql, values))

    async def fetch_row(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        return cast("Row | None", await self._once(self._reader.fetch_row, sql, values))

    async def fetch_value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._once(self._reader.fetch_value, sql, values)

    async def _once(self, send: Callable[..., Awaitable[Any]], sql: str, values: tuple[Any, ...]) -> Any:
        key = (send.__name__, sql, *(tuple(value) if isinstance(value, list) else value for value in values))
        try:
            asked = self._answers.get(key)
        except TypeError:  # a value that cannot be compared, such as a jsonb object
            return await send(sql, *values)
        if asked is not None:
            try:
                return await asyncio.shield(asked)
            except ReadAbandoned:
                return await send(sql, *values)
        answer = self._answers[key] = asyncio.get_running_loop().create_future()
        try:
            answer.set_result(await send(sql, *values))
        except BaseException as error:
            answer.set_exception(error if isinstance(error, Exception) else ReadAbandoned())
            answer.exception()  # seen: nobody else may be waiting for it
            raise
        return answer.result()
