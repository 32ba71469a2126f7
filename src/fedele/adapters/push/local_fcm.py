"""A local server that speaks FCM v1: it stands in for Google's server, never for Google's client library.

Firebase has no messaging emulator. Tests and the demo therefore run the real firebase-admin, with a real service
account signed by a key made on the spot, against this server. It grants access tokens for signed assertions, holds
payloads to FCM's rules, answers scripted faults in Google's own shapes, and keeps what it accepted: `GET /` shows it.
What it cannot show is what Google's server does beyond its documentation, nor what a phone does with a notification.
"""

import asyncio
import contextlib
import dataclasses
import secrets
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any

import jwt
import orjson
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedele.adapters.push.fcm_outcomes import BAD_REQUEST, FCM_ERROR
from fedele.adapters.push.fcm_rules import TARGETS, violations
from fedele.kernel.clock import utc_now

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth writes this, wherever token_uri points
SCOPES = {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
TOKEN_SECONDS = 3600
KEPT_MAX = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """What to answer instead of success, once. `accept`: the message counts as received all the same."""

    status_code: int
    status: str
    fcm_code: str | None = None
    field: str | None = None
    retry_after: str | None = None
    delay_seconds: float = 0.0
    accept: bool = False


UNREGISTERED = Fault(404, "NOT_FOUND", "UNREGISTERED")
BAD_TARGET = Fault(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", field="message.token")
BAD_PAYLOAD = Fault(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
WRONG_SENDER = Fault(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH")
UNAVAILABLE = Fault(503, "UNAVAILABLE", "UNAVAILABLE")


def quota_exceeded(retry_after: str | None) -> Fault:
    """A 429 that asks to wait: seconds or an HTTP date, or None for no header at all."""
    return Fault(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", retry_after=retry_after)


def accept_then_hang(delay_seconds: float) -> Fault:
    """Take the message, then say nothing for longer than the client waits: the case nobody can tell from a loss."""
    return Fault(200, "OK", delay_seconds=delay_seconds, accept=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Received:
    """A message that the server accepted."""

    provider_id: str
    target: str
    message: dict[str, Any]
    received_at: str


class LocalFcm:
    """The server: its key, its grants, its script and what it received. `app` is the ASGI application."""

    def __init__(self, project_id: str = "fedele-local") -> None:
        self.project_id = project_id
        self.client_email = f"fedele@{project_id}.iam.gserviceaccount.com"
        self.base_url = ""
        self.received: deque[Received] = deque(maxlen=KEPT_MAX)
        self.token_grants_count = 0
        self.requests_count = 0
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._grants: dict[str, float] = {}
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.app = Starlette(
            routes=[
                Route("/", self._show, methods=["GET"]),
                Route("/token", self._grant, methods=["POST"]),
                Route("/v1/projects/{project}/messages:send", self._send, methods=["POST"]),
            ]
        )

    def service_account(self) -> dict[str, str]:
        """The JSON key that firebase-admin takes as credentials, in the shape of the Firebase console's."""
        private_key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": self.project_id,
            "private_key_id": "local",
            "private_key": private_key.decode(),
            "client_email": self.client_email,
            "client_id": "0",
            "token_uri": f"{self.base_url}/token",
        }

    def script(self, target: str, *faults: Fault) -> None:
        """Answer the next requests for this target with these faults, in order, and with success after them."""
        self._faults[target].extend(faults)

    def sent_to(self, target: str) -> list[dict[str, Any]]:
        """Every message accepted for this target, copies included."""
        return [received.message for received in list(self.received) if received.target == target]

    def shown_on(self, target: str) -> list[dict[str, Any]]:
        """What an Android phone would show: of messages with one tag, the last."""
        shown: dict[str, dict[str, Any]] = {}
        for message in self.sent_to(target):
            android = message.get("android", {}).get("notification", {})
            shown[android.get("tag") or secrets.token_hex(8)] = message
        return list(shown.values())

    def revoke_tokens(self) -> None:
        """Make every access token handed out so far worthless."""
        self._grants.clear()

    async def _show(self, request: Request) -> Response:
        latest = [dataclasses.asdict(received) for received in reversed(self.received)]
        return _json({"stands_in_for": "fcm.googleapis.com", "count": len(latest), "received": latest[:200]})

    async def _grant(self, request: Request) -> Response:
        """RFC 7523: an access token for an assertion signed by the service account."""
        form = await request.form()
        if form.get("grant_type") != JWT_BEARER:
            return _json({"error": "unsupported_grant_type"}, 400)
        try:
            claims = jwt.decode(
                str(form.get("assertion")),
                self._key.public_key(),
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=self.client_email,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except jwt.PyJWTError as error:
            return _json({"error": "invalid_grant", "error_description": str(error)}, 400)
        if not SCOPES & set(str(claims.get("scope")).split()):
            return _json({"error": "invalid_scope"}, 400)
        token = secrets.token_urlsafe(32)
        self._grants[token] = time.monotonic() + TOKEN_SECONDS
        self.token_grants_count += 1
        return _json({"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})

    async def _send(self, request: Request) -> Response:
        self.requests_count += 1
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or self._grants.get(token, 0) < time.monotonic():
            return _error(Fault(401, "UNAUTHENTICATED"), "Request had invalid authentication credentials.")
        if request.path_params["project"] != self.project_id:
            return _error(Fault(403, "PERMISSION_DENIED"), "Permission denied on this project.")
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return _error(BAD_PAYLOAD, "Invalid JSON payload received.")
        if broken := violations(body):
            return _error(BAD_PAYLOAD, broken[0][1], broken)
        return await self._answer(body["message"])

    async def _answer(self, message: dict[str, Any]) -> Response:
        target = next(message[name] for name in TARGETS if message.get(name))
        faults = self._faults.get(target)
        fault = faults.popleft() if faults else None
        provider_id = f"projects/{self.project_id}/messages/{secrets.token_hex(12)}"
        if fault is None or fault.accept:
            self.received.append(Received(provider_id, target, message, utc_now().isoformat()))
        if fault and fault.delay_seconds:
            await asyncio.sleep(fault.delay_seconds)
        if fault is None or fault.accept:
            return _json({"name": provider_id})
        blamed = fault.field and fault.field.replace(
            "message.token", "message.fid" if "fid" in message else fault.field
        )
        return _error(fault, "Scripted fault.", [(blamed, "Scripted fault.")] if blamed else [])


def _json(body: dict[str, Any], status_code: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code, media_type="application/json")


def _error(fault: Fault, text: str, blamed: Sequence[tuple[str, str]] = ()) -> Response:
    """An error in the shape of google.rpc.Status, with FCM's and BadRequest's details."""
    details: list[dict[str, Any]] = []
    if fault.fcm_code:
        details.append({"@type": FCM_ERROR, "errorCode": fault.fcm_code})
    if blamed:
        fields = [{"field": field, "description": description} for field, description in blamed]
        details.append({"@type": BAD_REQUEST, "fieldViolations": fields})
    error = {"code": fault.status_code, "message": text, "status": fault.status, "details": details}
    response = _json({"error": error}, fault.status_code)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


@contextlib.contextmanager
def serve(port: int = 0, project_id: str = "fedele-local") -> Iterator[LocalFcm]:
    """Run the server on 127.0.0.1 in a thread of its own until the block ends; port 0 takes a free one."""
    fcm = LocalFcm(project_id)
    listening = socket.create_server(("127.0.0.1", port), backlog=2048)
    fcm.base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(fcm.app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="local-fcm", daemon=True)
    thread.start()
    try:
        yield fcm
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
