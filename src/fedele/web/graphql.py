"""GraphQL over HTTP: `/graphql` for members' apps, `/staff/graphql` for consoles, tills and integrations.

Follows the GraphQL-over-HTTP specification (the `graphql-http` audit runs in CI): POST in JSON; GET for queries, with a
weak ETag for persisted ones; `application/graphql-response+json` with honest status codes, `application/json` for
older clients with 200 wherever the request was understood.
"""

import dataclasses
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import Response

from fedele.api.context import Context, Services
from fedele.api.execution.documents import DocumentMode
from fedele.api.execution.engine import Engine, Outcome
from fedele.api.execution.masking import UNAVAILABLE
from fedele.api.execution.request import MalformedRequest, OperationRequest, read_body, read_query_string
from fedele.api.loaders import Loaders
from fedele.api.texts import LOCALES, refusal_text
from fedele.db.database import DATABASE_LOST
from fedele.domains.auth.errors import RateLimited, Unauthenticated
from fedele.domains.auth.types import Principal
from fedele.kernel.clock import Moment
from fedele.kernel.refusal import Refusal
from fedele.web import graphiql
from fedele.web.negotiation import LEGACY_JSON, language, media_type

Authenticate: TypeAlias = Callable[[Request], Awaitable[Principal]]
Fingerprint: TypeAlias = Callable[[Context], Awaitable[str | None]]
TakeMoment: TypeAlias = Callable[[], Moment]

BODY_BYTES_MAX = 64 * 1024
CACHE_CONTROL = "private, no-cache"
VARY = "Accept, Accept-Language, Authorization"


async def no_fingerprint(_context: Context) -> str | None:
    """For schemas whose answers have no version: no ETag."""
    return None


class Answer(Exception):
    """A response that stands before any operation has run."""

    def __init__(self, status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


@dataclasses.dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """One schema on one route. `fingerprint` names the state an answer depends on, in at most one small statement."""

    engine: Engine
    services: Services
    authenticate: Authenticate
    moment: TakeMoment
    fingerprint: Fingerprint = no_fingerprint
    locales: Sequence[str] = LOCALES
    body_bytes_max: int = BODY_BYTES_MAX
    path: str = "/graphql"
    samples: Sequence[tuple[str, str]] = ()

    async def respond(self, request: Request) -> Response:
        """Answer a request, whatever it is."""
        if request.method == "GET" and self._wants_page(request):
            return graphiql.page(self.path, self.samples)
        accepted = media_type(request.headers.get("accept"))
        media = accepted or LEGACY_JSON
        request_id = request.state.request_id
        try:
            if accepted is None:
                raise Answer(406, "NOT_ACCEPTABLE", "Accept application/graphql-response+json or application/json.")
            operation = await self._read(request)
            context = self.context(request, await self.principal(request))
            return await self._answer(request, operation, context, media)
        except MalformedRequest as error:
            return _refusal(Answer(400, "BAD_REQUEST", str(error)), media, request_id)
        except Answer as answer:
            return _refusal(answer, media, request_id)

    async def _answer(self, request: Request, operation: OperationRequest, context: Context, media: str) -> Response:
        is_get = request.method == "GET"
        etag = await self._etag(operation, context) if is_get and operation.sha256 else None
        if etag and etag in (request.headers.get("if-none-match") or ""):
            return Response(status_code=304, headers={"etag": etag, "cache-control": CACHE_CONTROL, "vary": VARY})
        outcome = await self.engine.run(operation, context, read_only=is_get)
        headers = {"vary": VARY, "cache-control": CACHE_CONTROL if is_get else "no-store"}
        if etag and not context.volatile and not outcome.request_failed and "errors" not in outcome.body:
            headers["etag"] = etag
        if outcome.status == 405:
            headers["allow"] = "POST"
        return Response(orjson.dumps(outcome.body), _status(outcome, media), headers, f"{media}; charset=utf-8")

    async def _etag(self, operation: OperationRequest, context: Context) -> str | None:
        """What was asked and the state it was asked of. The fingerprint is read before the operation runs."""
        state = await self.fingerprint(context)
        if state is None:
            return None
        asked = orjson.dumps(
            [operation.sha256, operation.operation_name, operation.variables], option=orjson.OPT_SORT_KEYS
        )
        return f'W/"{hashlib.sha256(asked + state.encode()).hexdigest()[:32]}"'

    async def _read(self, request: Request) -> OperationRequest:
        if request.method == "GET":
            return read_query_string(request.query_params)
        if request.method != "POST":
            raise Answer(405, "METHOD_NOT_ALLOWED", "Send a GET or a POST.", (("allow", "GET, POST"),))
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != LEGACY_JSON:
            raise Answer(415, "UNSUPPORTED_MEDIA_TYPE", "Send the operation as application/json.")
        return read_body(await self.body(request))

    async def body(self, request: Request) -> bytes:
        """The body, up to this endpoint's limit. Raises Answer."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.body_bytes_max:
                raise Answer(413, "BODY_TOO_LARGE", f"The body is larger than {self.body_bytes_max} bytes.")
        return bytes(body)

    async def principal(self, request: Request) -> Principal:
        """Who asks. Raises Answer for credentials that are there and wrong."""
        try:
            return await self.authenticate(request)
        except Unauthenticated as refusal:
            headers = (("www-authenticate", f'Bearer error="invalid_token", error_description="{refusal}"'),)
            raise Answer(401, refusal.code, self._say(refusal, request), headers) from None
        except DATABASE_LOST:
            raise Answer(503, "UNAVAILABLE", UNAVAILABLE, (("retry-after", "1"),)) from None
        except RateLimited as refusal:
            headers = (("retry-after", str(refusal.details.get("retry_after_seconds", 1))),)
            raise Answer(429, refusal.code, self._say(refusal, request), headers) from None

    def _say(self, refusal: Refusal, request: Request) -> str:
        return refusal_text(refusal, language(request.headers.get("accept-language"), self.locales) or "en")

    def context(self, request: Request, principal: Principal) -> Context:
        """What an operation of this request runs with."""
        asked = language(request.headers.get("accept-language"), self.locales)
        return Context(
            services=self.services,
            principal=principal,
            moment=self.moment(),
            locale=asked or self.locales[0],
            locale_asked=asked is not None,
            request_id=request.state.request_id,
            loaders=Loaders(self.services.database.reader),
        )

    def _wants_page(self, request: Request) -> bool:
        is_open = self.engine.documents.mode is DocumentMode.OPEN
        return is_open and "text/html" in request.headers.get("accept", "") and "query" not in request.query_params


def _status(outcome: Outcome, media: str) -> int:
    """Older clients read 200 for any request that was understood; a 405 holds for all (a GET changes nothing)."""
    if media == LEGACY_JSON and outcome.status == 400:
        return 200
    return outcome.status


def _refusal(answer: Answer, media: str, request_id: str) -> Response:
    error = {"message": answer.message, "extensions": {"code": answer.code, "requestId": request_id}}
    headers = {"cache-control": "no-store", "vary": VARY, **dict(answer.headers)}
    return Response(orjson.dumps({"errors": [error]}), answer.status, headers, f"{media}; charset=utf-8")
