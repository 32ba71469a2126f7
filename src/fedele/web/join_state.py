"""What a browser carries from one page of joining to the next: a sealed cookie that it can neither read nor change.

Nothing of somebody who has not joined is kept on the server: their address and name are in their own browser, encrypted
(AES-256-GCM), for an hour.
"""

import base64
import dataclasses
import os
import secrets
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretBytes

SECONDS = 3600
NONCE_BYTES = 12
LENGTH_MAX = 4000  # browsers keep no longer cookies
_BOUND_TO = b"fedele.join.1"


@dataclasses.dataclass(frozen=True, slots=True)
class JoinState:
    """`token` ties forms to this browser; `asked` is what the form said, `serial` the card when all is done."""

    token: str
    code: str = ""
    asked: dict[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    serial: str = dataclasses.field(default="", repr=False)


class JoinCookies:
    """Seals and opens states."""

    def __init__(self, key: SecretBytes) -> None:
        self._cipher = AESGCM(key.get_secret_value()[:32])

    def seal(self, state: JoinState, now: datetime) -> str:
        """The cookie's value."""
        body = orjson.dumps([int(now.timestamp()) + SECONDS, state.token, state.code, state.asked, state.serial])
        nonce = os.urandom(NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, body, _BOUND_TO)).decode()

    def open(self, text: str, now: datetime) -> JoinState:
        """The state; a fresh one for what is missing, too old, or not ours."""
        try:
            if not text or len(text) > LENGTH_MAX:
                raise ValueError
            raw = base64.urlsafe_b64decode(text)
            ends_at, *rest = orjson.loads(self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _BOUND_TO))
        except (ValueError, InvalidTag):
            return JoinState(secrets.token_urlsafe(24))
        return JoinState(*rest) if now.timestamp() < ends_at else JoinState(secrets.token_urlsafe(24))
