"""Google's signed callbacks: who saved or deleted a card. Protocol ECv2SigningOnly.

The sender signs with an intermediate key, which is signed by a root key that Google publishes. Everything that is
signed is a sequence of texts, each after its length in four bytes, least significant first. Source: Google Pay API,
"Payment method token cryptography", and Google Wallet API, "Callbacks".
"""

import base64
import binascii
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

KEYS_URL = "https://pay.google.com/gp/m/issuer/keys"
PROTOCOL = "ECv2SigningOnly"
SENDER = "GooglePayPasses"
KEYS_KEPT_SECONDS = 3_600.0


class CallbackInvalid(ValueError):
    """Not a callback of Google's for this issuer; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Callback:
    """`event` is "save" or "del"; the nonce is the same when Google says it again."""

    object_id: str
    class_id: str
    event: str
    nonce: str


class Callbacks:
    """Verifies callbacks with Google's published root keys, which are fetched at most once an hour."""

    def __init__(
        self,
        issuer_id: str,
        client: httpx.AsyncClient,
        keys_url: str = KEYS_URL,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer_id = issuer_id
        self._client = client
        self._keys_url = keys_url
        self._monotonic = monotonic
        self._keys: Sequence[dict[str, Any]] = ()
        self._fetched_at = -KEYS_KEPT_SECONDS

    async def read(self, body: bytes, now_milliseconds: int) -> Callback:
        """The callback in this request body. Raises CallbackInvalid, or httpx.HTTPError while there are no keys."""
        return verify(body, await self._root_keys(), self._issuer_id, now_milliseconds)

    async def _root_keys(self) -> Sequence[dict[str, Any]]:
        if self._monotonic() - self._fetched_at >= KEYS_KEPT_SECONDS:
            answer = await self._client.get(self._keys_url, timeout=10.0)
            answer.raise_for_status()
            self._keys = orjson.loads(answer.content)["keys"]
            self._fetched_at = self._monotonic()
        return self._keys


def verify(body: bytes, root_keys: Sequence[dict[str, Any]], issuer_id: str, now_milliseconds: int) -> Callback:
    """The callback, if both signatures hold, nothing has expired and it is meant for this issuer."""
    try:
        signed = orjson.loads(body)
        if signed["protocolVersion"] != PROTOCOL:
            raise CallbackInvalid(f"protocol {signed['protocolVersion']}, not {PROTOCOL}")
        intermediate = signed["intermediateSigningKey"]
        key_text: str = intermediate["signedKey"]
        covered = _joined(SENDER, PROTOCOL, key_text)
        roots = [key for key in root_keys if key["protocolVersion"] == PROTOCOL and _lives(key, now_milliseconds)]
        if not any(_holds(key["keyValue"], one, covered) for key in roots for one in intermediate["signatures"]):
            raise CallbackInvalid("the intermediate key is not signed by Google")
        key = orjson.loads(key_text)
        if int(key["keyExpiration"]) <= now_milliseconds:
            raise CallbackInvalid("the intermediate key has expired")
        message: str = signed["signedMessage"]
        if not _holds(key["keyValue"], signed["signature"], _joined(SENDER, issuer_id, PROTOCOL, message)):
            raise CallbackInvalid("the message is not signed by the intermediate key for this issuer")
        told = orjson.loads(message)
        if int(told["expTimeMillis"]) <= now_milliseconds:
            raise CallbackInvalid("the message has expired")
        return Callback(told["objectId"], told["classId"], told["eventType"], told["nonce"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        if isinstance(error, CallbackInvalid):
            raise
        raise CallbackInvalid("not a signed callback") from error


def _lives(key: dict[str, Any], now_milliseconds: int) -> bool:
    return "keyExpiration" not in key or int(key["keyExpiration"]) > now_milliseconds


def _holds(key_value: str, signature: str, covered: bytes) -> bool:
    key = load_der_public_key(base64.b64decode(key_value))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(base64.b64decode(signature), covered, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _joined(*texts: str) -> bytes:
    return b"".join(len(encoded).to_bytes(4, "little") + encoded for encoded in (text.encode() for text in texts))
