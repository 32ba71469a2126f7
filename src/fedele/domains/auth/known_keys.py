"""API keys that were read a moment ago, kept only while somebody listens for those that are revoked.

A till sends its key with every sale: reading it each time is a third of the sale's statements. Kept ones are dropped
when a revocation is heard, and after five seconds anyhow, since a pooler may lose a notice. Where nobody listens (a
command, a test of one part) nothing is kept.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from fedele.db.database import Database
from fedele.domains.auth.types import ApiKey

CHANNEL = "fedele_api_key"
KEPT_SECONDS = 5.0
KEPT_MAX = 10_000


class KnownKeys:
    """Keys by their id, with the digest of each secret."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, ApiKey, bytes]] = {}
        self._listening = False
        self.generation = 0  # rises when kept ones are dropped: what was read before is not kept after

    def find(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        """The key as it was read at most five seconds ago, if nothing was heard since."""
        kept = self._kept.get(key_id)
        if kept is None or time.monotonic() - kept[0] > KEPT_SECONDS:
            return None
        return kept[1], kept[2]

    def keep(self, key: ApiKey, digest: bytes, generation: int) -> None:
        """Keep what was read since this generation began."""
        if not self._listening or generation != self.generation:
            return
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[key.key_id] = (time.monotonic(), key, digest)

    def forget(self, key_id: str) -> None:
        """Read this one again."""
        self._kept.pop(key_id, None)

    @contextlib.asynccontextmanager
    async def listening(self, database: Database) -> AsyncIterator[None]:
        """Keep keys while the block runs."""
        heard: asyncio.Queue[str] = asyncio.Queue()
        async with database.listen(CHANNEL, heard):
            task = asyncio.create_task(self._drop(heard), name="revoked-keys")
            self._listening = True
            try:
                yield
            finally:
                self._listening = False
                self._kept.clear()
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _drop(self, heard: asyncio.Queue[str]) -> None:
        while True:
            await heard.get()
            self.generation += 1
            self._kept.clear()
