"""What of an error the caller gets to read. Our own bugs are masked: the log has them under the request id."""

from typing import Any

import structlog
from graphql import GraphQLError

from fedele.api.errors import ApiError
from fedele.api.texts import refusal_text
from fedele.db.database import DATABASE_LOST
from fedele.kernel.pages import MalformedCursor
from fedele.kernel.refusal import Refusal

log = structlog.get_logger("fedele.graphql")

UNAVAILABLE = (
    "The database cannot be reached at this moment. Ask again; with the same idempotency key nothing is done twice."
)
MASKED = "Something went wrong on our side. Give the request id to support."


def format_error(error: GraphQLError, request_id: str, locale: str, code: str | None = None) -> dict[str, Any]:
    """One entry of `errors`. `code` is for errors of the document or its variables, which graphql-core words itself.

    Their cause may be a scalar's ValueError: that is its complaint about the caller's value, no bug of ours.
    """
    formatted: dict[str, Any] = {"message": error.message}
    if error.locations:
        formatted["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        formatted["path"] = error.path
    cause = error.original_error
    extensions: dict[str, Any]
    if isinstance(error, ApiError) or isinstance(cause, ApiError):
        known = error if isinstance(error, ApiError) else cause
        extensions = dict(known.extensions or {})  # type: ignore[union-attr]
    elif isinstance(cause, Refusal):
        formatted["message"], extensions = refusal_text(cause, locale), {"code": cause.code}
    elif isinstance(cause, MalformedCursor):
        formatted["message"], extensions = str(cause), {"code": "BAD_USER_INPUT"}
    elif code is not None:
        extensions = {"code": code}
    elif isinstance(cause, DATABASE_LOST):
        log.warning("graphql.unavailable", request_id=request_id, path=error.path, error=str(cause))
        formatted["message"], extensions = UNAVAILABLE, {"code": "UNAVAILABLE"}
    elif error.message.startswith("Argument ") and (cause is None or isinstance(cause, GraphQLError)):
        extensions = {"code": "BAD_USER_INPUT"}  # a variable that fits its type, but not this argument: null
    else:
        log.error("graphql.bug", request_id=request_id, path=error.path, exc_info=cause or error)
        formatted["message"], extensions = MASKED, {"code": "INTERNAL"}
    formatted["extensions"] = {**extensions, "requestId": request_id}
    return formatted
