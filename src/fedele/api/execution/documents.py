"""Which documents may run: in `open` mode any, in `apq` any without introspection, in `trusted` only published ones.

All persisted documents, ours and a phone team's, are one store keyed by the sha256 of the text; the wire shapes of the
three protocols differ, what they name does not.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from typing import TypeAlias

from fedele.api.errors import ApiError
from fedele.api.execution.prepared import Prepared, PreparedCache, sha256_of
from fedele.api.execution.request import OperationRequest

FindPublished: TypeAlias = Callable[[str], Awaitable[str | None]]

REGISTERED_MAX = 1_000


class DocumentMode(StrEnum):
    """How much of GraphQL a stranger may write. Introspection and GraphiQL exist in `open` only."""

    OPEN = "open"
    APQ = "apq"
    TRUSTED = "trusted"


class UnknownDocument(ApiError):
    """No document of this hash is known; outside `trusted` mode the client sends the text along and tries again."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class HashMismatch(ApiError):
    """The text that came along has another hash."""

    code = "PERSISTED_QUERY_MISMATCH"


class DocumentNotTrusted(ApiError):
    """In `trusted` mode only published documents run."""

    code = "DOCUMENT_NOT_TRUSTED"
    status = 403


async def find_nothing(_sha256: str) -> str | None:
    """A store where nobody has published."""
    return None


class Documents:
    """The documents of one schema."""

    def __init__(
        self,
        cache: PreparedCache,
        mode: DocumentMode,
        built_in: Iterable[str] = (),
        find_published: FindPublished = find_nothing,
    ) -> None:
        self.mode = mode
        self._cache = cache
        self._built_in = {sha256_of(text): text for text in built_in}
        self._find_published = find_published
        self._published: dict[str, str] = {}
        self._registered: OrderedDict[str, str] = OrderedDict()

    async def find(self, request: OperationRequest) -> Prepared:
        """The prepared document that the request means. Raises ApiError or DocumentInvalid."""
        if request.query is None:
            return await self._find_by_hash(request.sha256 or "")
        sha256 = sha256_of(request.query)
        if request.sha256 is not None and request.sha256 != sha256:
            raise HashMismatch("the sha256 that came along is not that of the query's text")
        if self.mode is DocumentMode.TRUSTED or sha256 in self._built_in:
            return await self._find_trusted_text(sha256)
        prepared = await self._cache.get(request.query)
        if request.sha256 is not None:
            self._register(sha256, request.query)
        return prepared

    def close(self) -> None:
        """Stop what prepares documents."""
        self._cache.close()

    async def _find_by_hash(self, sha256: str) -> Prepared:
        if text := await self._trusted_text(sha256):
            return await self._cache.get_trusted(text)
        text = self._registered.get(sha256)
        if text is None:
            raise UnknownDocument("PersistedQueryNotFound")  # the very words that Apollo's clients look for
        return await self._cache.get(text)

    async def _find_trusted_text(self, sha256: str) -> Prepared:
        text = await self._trusted_text(sha256)
        if text is None:
            raise DocumentNotTrusted("only published documents run here: `fedele documents publish`")
        return await self._cache.get_trusted(text)

    async def _trusted_text(self, sha256: str) -> str | None:
        """The published text. A hash that was found stays found; a miss is asked again, as somebody may publish it."""
        text = self._built_in.get(sha256) or self._published.get(sha256)
        if text is None and (text := await self._find_published(sha256)):
            self._published[sha256] = text
        return text

    def _register(self, sha256: str, text: str) -> None:
        self._registered[sha256] = text
        self._registered.move_to_end(sha256)
        if len(self._registered) > REGISTERED_MAX:
            self._registered.popitem(last=False)
