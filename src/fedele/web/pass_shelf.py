"""Signed passes, ready to hand out: made when first asked for, kept while nothing they show has changed."""

import asyncio
import dataclasses
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TypeAlias

from starlette.datastructures import Headers
from starlette.responses import Response

from fedele.db.database import Database
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.wallet import queries
from fedele.domains.wallet.ports import PassAssembler
from fedele.domains.wallet.types import PassHead
from fedele.kernel.clock import Moment

CONTENT_TYPE = "application/vnd.apple.pkpass"
KEPT_BYTES_MAX = 64 * 1024 * 1024
KEPT_SECONDS_MAX = 300  # units may expire without anything happening; a pass kept longer than this is made anew
Key: TypeAlias = tuple[str, int, int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class _Kept:
    content: bytes
    until: float


class PassShelf:
    """Answers for one pass: 304 without reading the card, kept bytes without signing, or a pass made now.

    The key is what a card depends on: the pass's tag, the version of the member's affairs (it rises in the transaction
    that changes them, so a pass is never behind the ledger) and the programme's version. Each process keeps its own;
    nothing needs to be told to the others.
    """

    def __init__(
        self,
        database: Database,
        programmes: ProgrammeSource,
        assembler: PassAssembler,
        *,
        bytes_max: int = KEPT_BYTES_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._programmes = programmes
        self._assembler = assembler
        self._bytes_max = bytes_max
        self._monotonic = monotonic
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._bytes = 0
        self._being_made: dict[Key, asyncio.Task[bytes]] = {}

    async def answer(self, head: PassHead, headers: Headers, moment: Moment) -> Response:
        """200 with the pass, or 304. `headers` are the request's."""
        programme = await self._programmes.at(moment.now)
        held = head.held
        key = (held.serial, held.update_tag, head.member_version, programme.version)
        etag = self._etag(key)
        known = {
            "etag": etag,
            "last-modified": format_datetime(held.updated_at.astimezone(UTC), usegmt=True),
            "cache-control": "private, no-cache",
        }
        if _unchanged(headers, etag, held.updated_at):
            return Response(status_code=304, headers=known)
        content = self._find(key) or await self._make(key, head, moment)
        return Response(content, headers=known, media_type=CONTENT_TYPE)

    def _etag(self, key: Key) -> str:
        named = "|".join((*map(str, key), self._assembler.design_version))
        return f'W/"{hashlib.sha256(named.encode()).hexdigest()[:32]}"'

    def _find(self, key: Key) -> bytes | None:
        kept = self._kept.get(key)
        if kept is None or kept.until < self._monotonic():
            return None
        self._kept.move_to_end(key)
        return kept.content

    async def _make(self, key: Key, head: PassHead, moment: Moment) -> bytes:
        """One signature, however many ask at once; a caller who leaves does not take it from the others."""
        task = self._being_made.get(key)
        if task is None:
            task = asyncio.create_task(self._assemble(key, head, moment))
            self._being_made[key] = task
            task.add_done_callback(lambda _done: self._being_made.pop(key, None))
        return await asyncio.shield(task)

    async def _assemble(self, key: Key, head: PassHead, moment: Moment) -> bytes:
        held = head.held
        programme = await self._programmes.at(moment.now)
        card = await queries.read_pass(self._database.reader, programme, held, moment)
        # Signed as of the change, not as of the asking: every process makes the same bytes.
        content = await self._assembler.assemble(card, min(held.updated_at, moment.now))
        self._keep(key, content)
        return content

    def _keep(self, key: Key, content: bytes) -> None:
        if replaced := self._kept.pop(key, None):
            self._bytes -= len(replaced.content)
        self._kept[key] = _Kept(content, self._monotonic() + KEPT_SECONDS_MAX)
        self._bytes += len(content)
        while self._bytes > self._bytes_max and self._kept:
            _key, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.content)


def _unchanged(headers: Headers, etag: str, updated_at: datetime) -> bool:
    """RFC 9110, 13.1: If-None-Match decides where it is given, else If-Modified-Since."""
    if (if_none_match := headers.get("if-none-match")) is not None:
        return if_none_match.strip() == "*" or etag in (each.strip() for each in if_none_match.split(","))
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.replace(tzinfo=since.tzinfo or UTC) >= updated_at
