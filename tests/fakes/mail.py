"""A real SMTP server on this machine, which keeps what it takes and refuses what it is told to."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclasses.dataclass
class LocalSmtp:
    """Where it listens, what it took, and whom it refuses with which words ("550 5.1.1 no such user")."""

    url: str = ""
    taken: list[EmailMessage] = dataclasses.field(default_factory=list)
    refuses: dict[str, str] = dataclasses.field(default_factory=dict)
    answers: dict[str, str] = dataclasses.field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a letter, or answer otherwise; "drop" keeps it and hangs up without a word."""
        [recipient] = envelope.rcpt_tos
        answer = self.answers.pop(recipient, "250 2.0.0 taken")
        if answer[0] in "2d":
            message = message_from_bytes(envelope.content, policy=policy.SMTP)
            assert isinstance(message, EmailMessage)
            self.taken.append(message)
        if answer == "drop":
            server.transport.abort()
        return answer


@contextlib.asynccontextmanager
async def serve_smtp() -> AsyncIterator[LocalSmtp]:
    """Listen on a free port of this machine until the block ends."""
    local = LocalSmtp()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(local, enable_SMTPUTF8=True), "127.0.0.1", 0)
    local.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield local
    finally:
        server.close()
