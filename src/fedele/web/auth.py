"""Login over HTTP: `/auth/otp`, `/auth/token`, `/auth/logout`, `/auth/jwks`; and who sends a request.

JSON in, JSON out, never cached. Errors are `{"error": {"code", "message", "request_id"}}`. Nothing that is answered,
and no time that it takes, tells whether an account exists.
"""

import dataclasses
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.api.texts import LOCALES, refusal_text
from fedele.domains.auth.commands import Authenticator, Login
from fedele.domains.auth.errors import CodeInvalid, RateLimited, RefreshInvalid, TokenInvalid
from fedele.domains.auth.ports import OtpDelivery
from fedele.domains.auth.types import OtpChallenge, Principal, TokenPair
from fedele.domains.members.types import Identity
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.ids import MalformedId, decode_id, encode_id
from fedele.kernel.refusal import Refusal
from fedele.web.negotiation import language

log = structlog.get_logger(__name__)

BODY_BYTES_MAX = 4096
JWKS_SECONDS = 300
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_STATUS: Mapping[type[Refusal], int] = {CodeInvalid: 401, RefreshInvalid: 401, RateLimited: 429}

TakeMoment: TypeAlias = Callable[[], Moment]


class BadRequest(Exception):
    """The request cannot be read; the message says what to do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Addressed(_Body):
    """Exactly one of `email` and `phone`."""

    email: SecretStr | None = Field(default=None, max_length=320)
    phone: SecretStr | None = Field(default=None, max_length=40)
    locale: str = Field(default="en", max_length=35)

    @model_validator(mode="after")
    def _one(self) -> "_Addressed":
        if (self.email is None) == (self.phone is None):
            raise ValueError("send either email or phone")
        return self

    def identity(self, phone_region: str) -> Identity:
        """The identity named, in its normal form. Raises IdentityInvalid."""
        if self.email is not None:
            return Identity.parse("email", self.email.get_secret_value())
        assert self.phone is not None
        return Identity.parse("phone", self.phone.get_secret_value(), phone_region)


class OtpBody(_Addressed):
    """POST /auth/otp."""


class OtpGrant(_Addressed):
    """POST /auth/token with a one-time code."""

    grant_type: Literal["otp"]
    challenge: str = Field(max_length=64)
    code: SecretStr = Field(max_length=16)
    time_zone: str = Field(default="UTC", max_length=64)


class RefreshGrant(_Body):
    """POST /auth/token with a refresh token."""

    grant_type: Literal["refresh_token"]
    refresh_token: SecretStr = Field(max_length=256)


class LogoutBody(_Body):
    """POST /auth/logout."""

    refresh_token: SecretStr = Field(max_length=256)


_OTP = TypeAdapter(OtpBody)
_LOGOUT = TypeAdapter(LogoutBody)
_GRANT: TypeAdapter[OtpGrant | RefreshGrant] = TypeAdapter(
    Annotated[OtpGrant | RefreshGrant, Field(discriminator="grant_type")]
)


@dataclasses.dataclass(frozen=True, slots=True)
class AuthRoutes:
    """The four routes. `delivery` carries codes to members."""

    login: Login
    delivery: OtpDelivery
    moment: TakeMoment = moment_now

    def routes(self) -> list[Route]:
        """To be mounted by `build_app`."""
        return [
            Route("/auth/otp", _answering(self.otp), methods=["POST"]),
            Route("/auth/token", _answering(self.token), methods=["POST"]),
            Route("/auth/logout", _answering(self.logout), methods=["POST"]),
            Route("/auth/jwks", self.jwks, methods=["GET"]),
        ]

    async def otp(self, request: Request) -> Response:
        """Send a one-time code. The answer is the same whoever asks; the code goes out after it."""
        body = await _read(request, _OTP)
        moment = self.moment()
        identity = body.identity(await self._phone_region(moment))
        challenge = await self.login.request_code(identity, client_of(request), moment)
        answer = {
            "challenge": encode_id("otp", challenge.challenge_id),
            "expires_in": challenge.expires_in_seconds,
        }
        return _json(202, answer, BackgroundTask(deliver_code, self.delivery, identity, challenge, body.locale))

    async def token(self, request: Request) -> Response:
        """Exchange a one-time code or a refresh token for tokens."""
        body = await _read(request, _GRANT)
        moment, client = self.moment(), client_of(request)
        if isinstance(body, RefreshGrant):
            return _pair(await self.login.refresh(body.refresh_token, client, moment))
        pair = await self.login.redeem_code(
            _challenge_id(body.challenge), body.identity(await self._phone_region(moment)), body.code, client, moment,
            locale=body.locale, time_zone=body.time_zone,
        )  # fmt: skip
        return _pair(pair)

    async def logout(self, request: Request) -> Response:
        """End the session of a refresh token. Its access token lives out its quarter of an hour."""
        body = await _read(request, _LOGOUT)
        await self.login.log_out(body.refresh_token, self.moment())
        return Response(status_code=204, headers=_NO_STORE)

    async def jwks(self, _request: Request) -> Response:
        """The public keys of our access tokens, for whoever wants to verify them."""
        headers = {"cache-control": f"public, max-age={JWKS_SECONDS}"}
        return Response(orjson.dumps(self.login.keys.public_jwks()), 200, headers, "application/jwk-set+json")

    async def _phone_region(self, moment: Moment) -> str:
        return (await self.login.members_config(moment.now)).phone_region


async def deliver_code(delivery: OtpDelivery, identity: Identity, challenge: OtpChallenge, locale: str) -> None:
    """Send the code, if there is one to send. Never raises: the client's answer must not tell how it went."""
    if challenge.code is None:
        return
    try:
        await delivery.deliver(kind=identity.kind, to=identity.value, code=challenge.code, locale=locale)
    except Exception as error:  # the answer is gone already; the member asks again
        # No traceback: a mail server's complaint quotes the address.
        log.error("otp_delivery_failed", kind=identity.kind, reason=type(error).__name__)  # noqa: TRY400


def authenticate_with(
    authenticator: Authenticator, moment: TakeMoment = moment_now
) -> Callable[[Request], Awaitable[Principal]]:
    """What `build_app` asks for: the principal of a request's `Authorization: Bearer …`.

    Raises a subclass of Unauthenticated for a header that is there and wrong.
    """

    async def authenticate(request: Request) -> Principal:
        headers = request.headers.getlist("authorization")
        if not headers:
            return await authenticator.principal(None, moment())
        scheme, _, credentials = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer" or not credentials.strip():
            raise TokenInvalid()
        return await authenticator.principal(SecretStr(credentials.strip()), moment())

    return authenticate


def client_of(request: Request) -> str:
    """The address that counts for limits: an IPv4 address, or the /64 network that one IPv6 customer has to himself.

    X-Forwarded-For is believed where the server was told to (`FEDELE_TRUSTED_PROXIES`), before this is called.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _answering(respond: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Turn what a route raises into its JSON error."""

    async def answer(request: Request) -> Response:
        try:
            return await respond(request)
        except BadRequest as error:
            return _error(request, error.status, error.code, str(error))
        except Refusal as refusal:
            locale = language(request.headers.get("accept-language"), LOCALES) or "en"
            status = _STATUS.get(type(refusal), 400)
            retry = refusal.details.get("retry_after_seconds")
            headers = {"retry-after": str(retry)} if retry is not None else {}
            return _error(request, status, refusal.code, refusal_text(refusal, locale), headers)

    return answer


async def _read(request: Request, shape: TypeAdapter[Any]) -> Any:
    """The JSON body in this shape. Raises BadRequest, which names the fields that are wrong and shows no value."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/json.")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            raise BadRequest(413, "BODY_TOO_LARGE", f"Send at most {BODY_BYTES_MAX} bytes.")
    try:
        return shape.validate_json(bytes(raw))
    except ValidationError as error:
        raise BadRequest(400, "INVALID_INPUT", _problems(error.errors(include_input=False))) from None


def _problems(errors: Sequence[Any]) -> str:
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['msg']}" for item in errors[:10])


def _challenge_id(text: str) -> UUID:
    try:
        return decode_id("otp", text, 1)[0]
    except MalformedId:
        raise CodeInvalid(field="code") from None


def _pair(pair: TokenPair) -> Response:
    return _json(
        200,
        {
            "access_token": pair.access_token.get_secret_value(),
            "token_type": "Bearer",
            "expires_in": pair.expires_in_seconds,
            "refresh_token": pair.refresh_token.get_secret_value(),
            "member_id": encode_id("member", pair.member_id),
            "enrolled": pair.enrolled,
        },
    )


def _json(status: int, value: dict[str, Any], background: BackgroundTask | None = None) -> Response:
    return Response(orjson.dumps(value), status, _NO_STORE, "application/json", background)


def _error(
    request: Request, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    request_id = getattr(request.state, "request_id", "")
    body = {"error": {"code": code, "message": message, "request_id": request_id}}
    return Response(orjson.dumps(body), status, {**_NO_STORE, **(headers or {})}, "application/json")
