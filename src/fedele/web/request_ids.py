"""Every request has an id: the caller's if it is a sane one, else ours. It is in every log line and every error."""

import re

import orjson
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedele.kernel.ids import new_id

HEADER = "x-request-id"
MESSAGE = "Something went wrong on our side. Give the request id to support."

log = structlog.get_logger(__name__)

_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIds:
    """ASGI middleware: puts `request_id` into the request's state, the log's context and the response's headers.

    What a route fails to handle is logged and answered here, with the id. No answer may be taken for another type of
    content than it says it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _SANE.fullmatch(given) else new_id().hex
        scope.setdefault("state", {})["request_id"] = request_id

        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                headers.setdefault("x-content-type-options", "nosniff")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:
                # Here the log still knows the id; Starlette's outermost middleware, which would answer, does not.
                log.exception("request_failed", route=getattr(scope.get("route"), "path", None))
                if started:
                    raise
                await _our_fault(request_id)(scope, receive, send_with_id)


def _our_fault(request_id: str) -> Response:
    body = {"error": {"code": "INTERNAL", "message": MESSAGE, "request_id": request_id}}
    return Response(orjson.dumps(body), 500, {"cache-control": "no-store"}, "application/json")
