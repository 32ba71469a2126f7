"""Fetches an issuer's JWKS: https only (or http to this machine, for tests and demos), small, quick, no detours."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import structlog

from fedele.domains.auth.ports import JwksUnavailable

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 5.0
BYTES_MAX = 256 * 1024


class HttpJwks:
    """Implements JwksFetch. The client is the caller's to close; its own redirects setting is overruled."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def fetch(self, jwks_url: str) -> dict[str, Any]:
        """The JWKS document. Raises JwksUnavailable, after logging why."""
        if not _trustworthy(jwks_url):
            raise JwksUnavailable("a JWKS address begins with https://")
        try:
            document = orjson.loads(await self._read(jwks_url))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            log.warning("jwks_unavailable", jwks_url=jwks_url, reason=type(error).__name__)
            raise JwksUnavailable(str(error)) from error
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            log.warning("jwks_unavailable", jwks_url=jwks_url, reason="not a JWKS document")
            raise JwksUnavailable("not a JWKS document")
        return document

    async def _read(self, jwks_url: str) -> bytes:
        headers = {"accept": "application/jwk-set+json, application/json"}
        async with self._client.stream(
            "GET", jwks_url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=False
        ) as response:
            if response.status_code != 200:
                raise httpx.HTTPError(f"HTTP {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > BYTES_MAX:
                    raise ValueError("the document is too large")
        return bytes(body)


def _trustworthy(jwks_url: str) -> bool:
    parts = urlsplit(jwks_url)
    if parts.scheme == "https":
        return True
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
