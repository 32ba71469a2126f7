"""Pictures over HTTP: a member's app sends one as it is, and everybody who holds its link sees what was drawn from it.

`POST /pictures` (the member's bearer token; the body is the file) answers `{"id": "picture_…", "url": …}`: the id goes
into `submitReview` or `submitEntry`. A GraphQL body is too small for a photo, and base64 makes it a third larger.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.api import ids
from fedele.api.texts import LOCALES, refusal_text
from fedele.db.database import Database
from fedele.domains.auth.errors import Unauthenticated
from fedele.domains.auth.types import MemberPrincipal, Principal
from fedele.domains.community import commands, queries
from fedele.domains.community.errors import PictureUnreadable, TooManyPictures
from fedele.domains.community.ports import BYTES_MAX, draw_anew
from fedele.domains.community.types import PictureId, PictureLinks
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.refusal import Refusal
from fedele.web.negotiation import language
from fedele.web.rate_gate import RateGate

Authenticate: TypeAlias = Callable[[Request], Awaitable[Principal]]
PICTURE = "picture"
YEAR_SECONDS = 365 * 24 * 3600
DRAWN_AT_ONCE_MAX = 2  # each holds a whole picture in memory, and one core
SENT_PER_DAY_MAX = 60  # of one member: what is unreadable, or known already, costs as much as what is kept
_STATUS: dict[type[Refusal], int] = {PictureUnreadable: 422, TooManyPictures: 429}


class PictureRoutes:
    """The two routes."""

    def __init__(
        self,
        database: Database,
        authenticate: Authenticate,
        links: PictureLinks,
        moment: Callable[[], Moment] = moment_now,
    ) -> None:
        self._database, self._authenticate = database, authenticate
        self._links, self._moment = links, moment
        self._drawing = asyncio.Semaphore(DRAWN_AT_ONCE_MAX)
        self._sent = RateGate(SENT_PER_DAY_MAX, 24 * 3600)

    def routes(self) -> list[Route]:
        """To be mounted by `build_app`."""
        return [
            Route("/pictures", self.receive, methods=["POST"]),
            Route("/pictures/{name}", self.show, methods=["GET"]),
        ]

    async def receive(self, request: Request) -> Response:
        """Keep a picture of the member who sends it, drawn anew."""
        try:
            principal = await self._authenticate(request)
        except Unauthenticated as error:
            return _refused(request, error, 401)
        if not isinstance(principal, MemberPrincipal):
            return _refused(request, Unauthenticated(), 401)
        if wait := self._sent.take(principal.member_id, self._moment().now):
            return _refused(request, TooManyPictures(), 429, {"retry-after": str(wait)})
        try:
            sent = await _read(request)
            async with self._drawing:
                drawn = await asyncio.to_thread(draw_anew, sent)
            async with self._database.transaction() as tx:
                picture_id = await commands.keep_picture(tx, principal.member_id, drawn, self._moment())
        except (PictureUnreadable, TooManyPictures) as error:
            return _refused(request, error, _STATUS[type(error)])
        public_id = ids.row_id(PICTURE, principal.member_id, picture_id)
        answer = {"id": public_id, "url": self._links.url(picture_id), "width": drawn.width, "height": drawn.height}
        return Response(orjson.dumps(answer), 201, {"cache-control": "no-store"}, "application/json")

    async def show(self, request: Request) -> Response:
        """A picture, to whoever holds its link. A wrong key and a picture that is gone look alike."""
        try:
            picture_id = PictureId(UUID(hex=request.path_params["name"].removesuffix(".jpg")))
        except ValueError:
            return Response(status_code=404)
        if not self._links.opens(picture_id, request.query_params.get("key", "")):
            return Response(status_code=404)
        data = await queries.picture_bytes(self._database.reader, picture_id)
        if data is None:
            return Response(status_code=404)
        headers = {
            "cache-control": f"private, max-age={YEAR_SECONDS}, immutable",
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        return Response(data, 200, headers, "image/jpeg")


async def _read(request: Request) -> bytes:
    """The body, read no further than it may be long. Raises PictureUnreadable."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BYTES_MAX:
            draw_anew(b"")  # raises, in the words for what is too large
        parts.append(part)
    return b"".join(parts)


def _refused(request: Request, error: Refusal, status: int, headers: Mapping[str, str] | None = None) -> Response:
    told = {
        "error": {
            "code": error.code,
            "message": refusal_text(error, language(request.headers.get("accept-language"), LOCALES) or "en"),
        }
    }
    return Response(orjson.dumps(told), status, {"cache-control": "no-store", **(headers or {})}, "application/json")
