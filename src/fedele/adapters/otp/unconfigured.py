"""What stands there when no delivery is configured: it says so, and delivers nothing."""

import structlog
from pydantic import SecretStr

log = structlog.get_logger(__name__)


class UnconfiguredOtp:
    """Logs that a code could not be delivered, without code or address."""

    async def deliver(self, *, kind: str, to: SecretStr, code: SecretStr, locale: str) -> None:
        """Warn."""
        log.warning("otp_not_delivered", kind=kind, locale=locale, reason="no delivery of one-time codes is configured")
