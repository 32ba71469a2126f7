"""Telling phones that a pass changed: an empty push through APNs, with the pass certificate; the phone then asks us.

Protocol: Apple, "Sending notification requests to APNs". The payload of a wallet push is `{}`, its topic the pass type
identifier; there is a production host only.
"""

import asyncio
import os
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import structlog
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fedele.adapters.apple_wallet.certificates import Identity
from fedele.domains.wallet.ports import PassPush, PushFailed

PRODUCTION_URL = "https://api.push.apple.com"
AT_ONCE_MAX = 50  # streams on the one connection; Apple allows more, and asks for no second connection
TIMEOUT_SECONDS = 20.0
# A 400 that speaks of the token itself; any other 400 is our mistake, and no reason to forget a phone.
TOKEN_REASONS = {"BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered", "ExpiredToken"}

log = structlog.get_logger("fedele.wallet")


def open_push(identity: Identity) -> PassPush:
    """APNs for a certificate of Apple's; for a development one, which APNs would refuse, only a line in the log."""
    return LoggedPush() if identity.development else ApnsPush(identity)


class LoggedPush:
    """Implements PassPush by saying that nothing was sent. Phones that hold a pass find out when they ask."""

    async def notify(self, push_tokens: Sequence[str]) -> Sequence[str]:
        """Log how many phones would have been told."""
        log.info("wallet.push_not_sent", phones=len(push_tokens), reason="a development certificate cannot push")
        return ()

    async def aclose(self) -> None:
        """Nothing is open."""


class ApnsPush:
    """Implements PassPush over one HTTP/2 connection, opened when first needed and kept."""

    def __init__(self, identity: Identity, url: str = PRODUCTION_URL, authority: Path | None = None) -> None:
        """`authority` is a CA file to trust instead of the system's, for tests."""
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        _load_identity(context, identity)
        self._topic = identity.pass_type_identifier
        limits = httpx.Limits(max_connections=1, keepalive_expiry=300)
        self._http = httpx.AsyncClient(
            base_url=url, http2=True, http1=False, verify=context, limits=limits, timeout=TIMEOUT_SECONDS
        )
        self._gate = asyncio.Semaphore(AT_ONCE_MAX)

    async def notify(self, push_tokens: Sequence[str]) -> Sequence[str]:
        """Push to each token once. Raises PushFailed if any could not be told; telling the others again is harmless."""
        outcomes = await asyncio.gather(*(self._tell(token) for token in dict.fromkeys(push_tokens)))
        if failures := [reason for _token, reason in outcomes if reason not in (None, "gone")]:
            raise PushFailed(f"{len(failures)} of {len(outcomes)} phones could not be told: {failures[0]}")
        return [token for token, reason in outcomes if reason == "gone"]

    async def aclose(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def _tell(self, token: str) -> tuple[str, str | None]:
        """The token and what became of it: None (told), "gone", or why it failed."""
        async with self._gate:
            try:
                answer = await self._http.post(f"/3/device/{token}", content=b"{}", headers={"apns-topic": self._topic})
            except httpx.HTTPError as error:
                return token, f"APNs cannot be reached: {type(error).__name__}"
        if answer.status_code == 200:
            return token, None
        reason = _reason(answer)
        if answer.status_code == 410 or (answer.status_code == 400 and reason in TOKEN_REASONS):
            return token, "gone"
        return token, f"APNs answered {answer.status_code} {reason}"


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["reason"])
    except (ValueError, KeyError, TypeError):
        return ""


def _load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """Python's ssl reads keys from files only: one that nobody else can open, and that is gone a moment later."""
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in (identity.certificate, *identity.chain))
    descriptor, name = tempfile.mkstemp(prefix="fedele-apns-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(chain + key)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()
