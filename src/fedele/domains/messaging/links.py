"""Signed links in messages: to stop them, to follow one, and for a provider to tell what became of one.

A link says everything it needs by itself and is worthless when one character changes. They do not expire: whoever
finds an old e-mail can still stop the next one.
"""

import base64
import dataclasses
import hashlib
import hmac
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import SecretBytes

from fedele.domains.members.types import Channel, Purpose
from fedele.kernel.ids import MemberId

MAC_BYTES = 18
Use = Literal["stop", "go", "status", "mail", "bounces"]


@dataclasses.dataclass(frozen=True, slots=True)
class MessageLinks:
    """Makes and reads links under one secret. `base_url` without a final slash."""

    base_url: str
    secret: SecretBytes

    def stop(self, member_id: MemberId, purpose: Purpose, channel: Channel) -> str:
        """To withdraw this consent with one POST (RFC 8058)."""
        return self._url("stop", [str(member_id), purpose.value, channel.value])

    def go(self, member_id: MemberId, contact_id: UUID, target: str) -> str:
        """To `target`, noting that the message was clicked. The target is signed too: it leads nowhere else."""
        return self._url("go", [str(member_id), str(contact_id), target])

    def status(self, member_id: MemberId, contact_id: UUID) -> str:
        """Where a provider tells what became of this message."""
        return self._url("status", [str(member_id), str(contact_id)])

    def mail(self, member_id: MemberId, contact_id: UUID) -> str:
        """Which e-mail this is, as its own header says."""
        return self._token("mail", [str(member_id), str(contact_id)])

    def bounces(self) -> str:
        """Where a mail system posts what came back. Keep it to yourself and to them."""
        return self._url("bounces", [])

    def read(self, use: Use, token: str) -> list[str] | None:
        """What a link of this use says, or None if it was not made here."""
        payload, _, mac = token.partition(".")
        if not hmac.compare_digest(self._mac(use, payload).encode(), mac.encode()):
            return None
        parts: Any = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return [str(part) for part in parts]

    def _url(self, use: Use, parts: list[str]) -> str:
        return f"{self.base_url}/messages/{use}/{self._token(use, parts)}"

    def _token(self, use: Use, parts: list[str]) -> str:
        payload = base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")
        return f"{payload}.{self._mac(use, payload)}"

    def _mac(self, use: Use, payload: str) -> str:
        mac = hmac.digest(self.secret.get_secret_value(), f"fedele.message.{use}.1:{payload}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac[:MAC_BYTES]).decode()
