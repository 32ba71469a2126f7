"""What auth needs from the outside world. Adapters stand in `adapters/otp` and `adapters/oidc`."""

from typing import Any, Protocol

from pydantic import SecretStr


class OtpDelivery(Protocol):
    """Carries a one-time code to the member. Errors are the adapter's to log: the client's answer never shows them."""

    async def deliver(self, *, kind: str, to: SecretStr, code: SecretStr, locale: str) -> None:
        """Send `code` to the address or number `to` (kind: email or phone), in words of this locale."""


class JwksFetch(Protocol):
    """Fetches a foreign issuer's public keys."""

    async def fetch(self, jwks_url: str) -> dict[str, Any]:
        """The JWKS document. Raises JwksUnavailable when it cannot be had."""


class JwksUnavailable(Exception):
    """The issuer's keys cannot be fetched now."""
