"""A local server that speaks the Wallet API: paths and shapes come from Google's own discovery document.

It stands in for Google's server, never for our client. Payloads that the document does not allow are refused as Google
does; tokens are granted for signed assertions; callbacks are signed as Google signs them.
"""

import base64
import re
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

import googleapiclient
import jwt
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

DOCUMENT = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "walletobjects.v1.json"
DISCOVERY: dict[str, Any] = orjson.loads(DOCUMENT.read_bytes())
ISSUER = "3388000000012345678"
KINDS = {
    f"{kind}{part}": f"{kind[0].upper()}{kind[1:]}{part}"
    for kind in ("loyalty", "offer", "eventTicket")
    for part in ("Class", "Object")
}
_PLAIN: dict[str, type | tuple[type, ...]] = {
    "string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict,
}  # fmt: skip


def faults_of(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """What of a payload the discovery document does not allow."""
    if "$ref" in schema:
        schema = DISCOVERY["schemas"][schema["$ref"]]
    kind = schema.get("type", "any")
    if kind != "any" and not isinstance(value, _PLAIN[kind]):
        return [f"{at}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    if kind == "array":
        items = enumerate(value)
        return [fault for place, item in items for fault in faults_of(item, schema["items"], f"{at}[{place}]")]
    if kind != "object":
        return []
    known = schema.get("properties", {})
    strangers = [f"{at}.{name}: no such field" for name in value if name not in known]
    return strangers + [
        fault for name in value if name in known for fault in faults_of(value[name], known[name], f"{at}.{name}")
    ]


class LocalGoogleWallet:
    """The server: what it holds, what it was asked, and what it is told to answer next."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.held: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.asked: list[tuple[str, str]] = []
        self.written: list[dict[str, Any]] = []  # every loyalty object, in order
        self.messages: list[tuple[str, dict[str, Any]]] = []  # (object's id, message) that were added
        self.verdicts: dict[str, dict[str, Any]] = {}  # what the reviewers say of a class, by its id
        self.next: deque[Response] = deque()
        self.tokens = 0
        self.root, self.signing = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def account(self, url: str) -> str:
        """A service account's JSON that asks this server for tokens."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return orjson.dumps(
            {
                "type": "service_account",
                "client_email": "wallet@example.iam.gserviceaccount.com",
                "private_key": pem.decode(),
                "token_uri": f"{url}/token",
            }
        ).decode()

    def app(self) -> Starlette:
        """To be served on a socket."""
        routes = [
            Route("/token", self._token, methods=["POST"]),
            Route("/gp/m/issuer/keys", self._keys, methods=["GET"]),
            Route("/walletobjects/v1/{kind}", self._insert, methods=["POST"]),
            Route("/walletobjects/v1/{kind}/{id}", self._one, methods=["GET", "PUT"]),
            Route("/walletobjects/v1/{kind}/{id}/addMessage", self._add_message, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        claims = jwt.decode(
            str(form["assertion"]), self.key.public_key(), algorithms=["RS256"], options={"verify_aud": False}
        )
        assert "wallet_object.issuer" in claims["scope"]
        self.tokens += 1
        return JSONResponse({"access_token": f"token-{self.tokens}", "expires_in": 3600, "token_type": "Bearer"})

    async def _insert(self, request: Request) -> Response:
        return await self._write(request, request.path_params["kind"], None)

    async def _one(self, request: Request) -> Response:
        kind, one = request.path_params["kind"], request.path_params["id"]
        if request.method == "PUT":
            return await self._write(request, kind, one)
        found = self.held[kind].get(one)
        return JSONResponse(found) if found else _error(404, "not found")

    async def _write(self, request: Request, kind: str, one: str | None) -> Response:
        self.asked.append((request.method, kind))
        if request.headers["authorization"] != f"Bearer token-{self.tokens}":
            return _error(401, "Request had invalid authentication credentials.")
        if self.next:
            return self.next.popleft()
        payload = await request.json()
        if faults := faults_of(payload, DISCOVERY["schemas"][KINDS[kind]]):
            return _error(400, "; ".join(faults))
        if one is None and payload["id"] in self.held[kind]:
            return _error(409, "already exists")
        if one is not None and one not in self.held[kind]:
            return _error(404, "not found")
        if faults := self._faults_between(kind, payload):
            return _error(400, faults)
        if kind.endswith("Class"):
            payload |= self.verdicts.get(payload["id"], {})
        self.held[kind][payload["id"]] = payload
        if kind == "loyaltyObject":
            self.written.append(payload)
        return JSONResponse(payload)

    def _faults_between(self, kind: str, payload: dict[str, Any]) -> str:
        """What Google refuses though each payload by itself is well formed: what is named must be there."""
        if kind.endswith("Object") and payload.get("classId") not in self.held[kind.replace("Object", "Class")]:
            return f"class {payload.get('classId')} not found"
        offers = set(payload.get("linkedOfferIds", ())) - self.held["offerObject"].keys()
        return f"offer objects not found: {sorted(offers)}" if offers else ""

    async def _add_message(self, request: Request) -> Response:
        kind, one = request.path_params["kind"], request.path_params["id"]
        self.asked.append(("addMessage", kind))
        if self.next:
            return self.next.popleft()
        payload = await request.json()
        if faults := faults_of(payload, DISCOVERY["schemas"]["AddMessageRequest"]):
            return _error(400, "; ".join(faults))
        if one not in self.held[kind]:
            return _error(404, "not found")
        self.messages.append((one, payload["message"]))
        return JSONResponse({"resource": self.held[kind][one]})

    async def _keys(self, _request: Request) -> Response:
        expires = "4102444800000"  # 2100
        entry = {"keyValue": _public(self.root), "protocolVersion": "ECv2SigningOnly", "keyExpiration": expires}
        return JSONResponse({"keys": [entry]})

    def callback(self, event: str, object_id: str, nonce: str, now_milliseconds: int, issuer: str = ISSUER) -> bytes:
        """A signed callback, as Google sends it."""
        later = str(now_milliseconds + 3_600_000)
        key = orjson.dumps({"keyValue": _public(self.signing), "keyExpiration": later}).decode()
        message = orjson.dumps(
            {
                "classId": f"{issuer}.grocer",
                "objectId": object_id,
                "expTimeMillis": int(later),
                "eventType": event,
                "nonce": nonce,
            }
        ).decode()
        protocol, sender = "ECv2SigningOnly", "GooglePayPasses"
        return orjson.dumps(
            {
                "signature": _signed(self.signing, sender, issuer, protocol, message),
                "intermediateSigningKey": {
                    "signedKey": key,
                    "signatures": [_signed(self.root, sender, protocol, key)],
                },
                "protocolVersion": protocol,
                "signedMessage": message,
            }
        )


def error(status: int, retry_after: str | None = None) -> Response:
    """A fault to answer with."""
    answer = _error(status, "later")
    if retry_after:
        answer.headers["retry-after"] = retry_after
    return answer


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"code": status, "message": message}}, status)


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def _signed(key: ec.EllipticCurvePrivateKey, *texts: str) -> str:
    covered = b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in texts)
    return base64.b64encode(key.sign(covered, ec.ECDSA(SHA256()))).decode()


def paths_in_document() -> set[str]:
    """The paths that Google documents for what we use, with their parameters as ours are called."""
    found = set()
    for resource in map(str.lower, KINDS):
        methods = (
            ("insert", "update", "get", "addmessage") if resource.endswith("object") else ("insert", "update", "get")
        )
        for method in methods:
            path = DISCOVERY["resources"][resource]["methods"][method]["path"]
            found.add("/" + re.sub(r"\{resourceId\}", "{id}", path))
    return found
