"""Reading the heads of passes, many at once when many ask at once.

When a campaign changes a hundred thousand cards, phones ask within minutes, and a round trip to the database costs more
than all the rest of a "not modified". While one read is under way, whoever asks next waits for the following one and
shares it; who asks alone waits for nobody. What is read is never older than the question.
"""

import asyncio

from fedele.db.database import Database
from fedele.domains.wallet import queries
from fedele.domains.wallet.types import PassHead, Serial
from fedele.kernel.ids import MemberId

AT_ONCE_MAX = 100
_Key = tuple[MemberId, Serial]


class PassHeads:
    """Answers `find` for one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[_Key, asyncio.Future[PassHead | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def find(self, member_id: MemberId, serial: Serial) -> PassHead | None:
        """The pass's head as it is now, or None."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        key = member_id, serial
        if (future := self._waiting.get(key)) is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)  # others may wait for the same

    async def _read(self) -> None:
        """Read for whoever waits, until nobody does."""
        try:
            while self._waiting:
                keys = list(self._waiting)[:AT_ONCE_MAX]
                asked = {key: self._waiting.pop(key) for key in keys}
                try:
                    found = await queries.find_heads(self._database.reader, keys)
                except Exception as error:
                    for future in asked.values():
                        if not future.done():
                            future.set_exception(error)
                            future.exception()  # whoever asked may be gone: nobody is to be warned of it
                    continue
                for key, future in asked.items():
                    if not future.done():
                        future.set_result(found.get(key))
        finally:
            self._reading = None
