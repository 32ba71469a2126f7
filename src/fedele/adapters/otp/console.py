"""Shows one-time codes where the demo runs, and keeps the last ones so that a demo or a test can log in."""

from collections import deque
from collections.abc import Callable

from pydantic import SecretStr


class ConsoleOtp:
    """Hands each code to `write` (print, in the demo). Never for production: whoever sees the console logs in."""

    def __init__(self, write: Callable[[str], None], kept: int = 100) -> None:
        self._write = write
        self._sent: deque[tuple[str, SecretStr]] = deque(maxlen=kept)

    async def deliver(self, *, kind: str, to: SecretStr, code: SecretStr, locale: str) -> None:
        """Show the code."""
        self._sent.append((to.get_secret_value(), code))
        self._write(f"one-time code for {kind} {to.get_secret_value()} ({locale}): {code.get_secret_value()}")

    def last_code(self, to: str) -> SecretStr | None:
        """The newest code for this address or number."""
        return next((code for address, code in reversed(self._sent) if address == to), None)
