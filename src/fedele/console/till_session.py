"""The scanner page's login: a till key, kept by the browser in a cookie that no script can read.

The cookie counts only for requests that also carry the page's own header. A page of another site can make a browser
send the cookie, but not that header: it takes a CORS preflight, which nobody answers with yes.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import orjson
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedele.api.texts import refusal_text
from fedele.domains.auth.commands import Authenticator
from fedele.domains.auth.errors import RateLimited, Unauthenticated
from fedele.domains.auth.types import Principal, Scope, StaffPrincipal
from fedele.kernel.clock import Moment

Authenticate: TypeAlias = Callable[[Request], Awaitable[Principal]]
TakeMoment: TypeAlias = Callable[[], Moment]

COOKIE = "fedele_scanner"
HEADER = "x-fedele-scanner"
KEY_CHARACTERS_MAX = 512
WEEK_SECONDS = 7 * 24 * 3600


def with_scanner_cookie(authenticate: Authenticate, authenticator: Authenticator, moment: TakeMoment) -> Authenticate:
    """`authenticate`, and besides: the key in the scanner's cookie, for a request of the page that has no other."""

    async def either(request: Request) -> Principal:
        cookie = request.cookies.get(COOKIE)
        if cookie and request.headers.get(HEADER) == "1" and "authorization" not in request.headers:
            return await authenticator.principal(SecretStr(cookie), moment())
        return await authenticate(request)

    return either


async def open_session(request: Request, authenticator: Authenticator, moment: TakeMoment, *, secure: bool) -> Response:
    """POST {"key": …}: keep a till key that works in the cookie. 204; 400, 401 or 403 with a message that says why."""
    if request.headers.get(HEADER) != "1":
        return JSONResponse({"message": f"Send the header {HEADER}: 1."}, 400)
    key = await _key_of(request)
    if key is None:
        return JSONResponse({"message": 'Send the till\'s key as JSON: {"key": "fdl_till_…"}.'}, 400)
    try:
        principal = await authenticator.principal(SecretStr(key), moment())
    except Unauthenticated as refusal:
        return JSONResponse({"code": refusal.code, "message": refusal_text(refusal, _language(request))}, 401)
    except RateLimited as refusal:
        headers = {"retry-after": str(refusal.details.get("retry_after_seconds", 1))}
        return JSONResponse({"code": refusal.code, "message": str(refusal)}, 429, headers)
    if not (isinstance(principal, StaffPrincipal) and principal.may(Scope.TILL) and principal.store is not None):
        message = "This key is no till's: make one with `fedele keys create --kind till --store …`."
        return JSONResponse({"code": "FORBIDDEN", "message": message}, 403)
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE, key, max_age=WEEK_SECONDS, path="/", secure=secure, httponly=True, samesite="strict"
    )  # fmt: skip
    return answer


def close_session() -> Response:
    """DELETE: forget the key on this device. The key itself goes on working elsewhere."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


async def _key_of(request: Request) -> str | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > 2 * KEY_CHARACTERS_MAX:
            return None
    try:
        key = orjson.loads(body).get("key")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    usable = isinstance(key, str) and key.strip().isascii() and 0 < len(key) <= KEY_CHARACTERS_MAX
    return key.strip() if usable else None


def _language(request: Request) -> str:
    return request.headers.get("accept-language", "en")[:2]
