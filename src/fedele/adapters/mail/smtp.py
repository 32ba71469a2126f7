"""Sends e-mails through an SMTP server.

One connection a batch; a fault of one letter leaves the others their turn. The Message-ID is made of the letter's key,
so that a second copy, sent because nobody heard the server's answer to the first, is recognised as one.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Sequence
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from textwrap import wrap
from urllib.parse import unquote, urlsplit

import aiosmtplib

from fedele.adapters.post.pacing import in_turn
from fedele.domains.members.types import Channel
from fedele.domains.messaging.ports import CONTACT_HEADER, Letter, PushOutcome, PushOutcomeKind
from fedele.kernel.clock import utc_now

TIMEOUT_SECONDS = 20.0
HEADER_PART_LENGTH = 60
# RFC 3463: a bad mailbox, a bad domain, a mailbox that moved or is disabled.
NO_SUCH_ADDRESS = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
NO_SUCH_CODES = (550, 551, 553)


class MailUrlInvalid(ValueError):
    """The URL does not name an SMTP server, or the sender is no address."""


@dataclasses.dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where e-mails go. `smtp://user:password@host:587` (STARTTLS where offered; demanded where a password is sent)
    or `smtps://…:465` (TLS from the start).
    """

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Read the URL. Raises MailUrlInvalid, which never repeats a password."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise MailUrlInvalid("is smtp://user:password@host:587 or smtps://user:password@host:465")
        tls = parts.scheme == "smtps"
        try:
            port = parts.port or (465 if tls else 587)
        except ValueError:
            raise MailUrlInvalid("names a port that is no number") from None
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(parts.hostname, port, tls, user, password)


class SmtpMail:
    """The e-mail channel. `sender` is what the reader sees: "Harvest Lane <hello@harvestlane.example>"."""

    channel = Channel.EMAIL

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._monotonic = monotonic
        self._timeout_seconds = timeout_seconds
        name, address = parseaddr(sender)
        local, at, domain = address.rpartition("@")
        if not local or not at or "." not in domain:
            raise MailUrlInvalid("the sender is an address, or a name and an address: Shop <hello@shop.example>")
        self._sender = Address(name, local, domain)
        self._lock = asyncio.Lock()

    async def send(self, letters: Sequence[Letter]) -> list[PushOutcome]:
        """Send them one after the other over one connection, while there is time; one outcome each."""
        if not letters:
            return []
        async with self._lock:
            client = aiosmtplib.SMTP(
                hostname=self._server.host,
                port=self._server.port,
                username=self._server.user,
                password=self._server.password,
                use_tls=self._server.tls,
                # A password never travels in the clear; without one, TLS is taken where the server offers it.
                start_tls=None if self._server.tls or not self._server.password else True,
                timeout=self._timeout_seconds,
            )
            try:
                return await in_turn(letters, lambda letter: self._send_one(client, letter), self._monotonic)
            finally:
                client.close()

    async def close(self) -> None:
        """Nothing stays open between batches."""

    async def _send_one(self, client: aiosmtplib.SMTP, letter: Letter) -> PushOutcome:
        try:
            message = self._message(letter)
        except (ValueError, HeaderParseError) as error:
            return PushOutcome(PushOutcomeKind.BAD_PAYLOAD, reason=type(error).__name__)
        try:
            if not client.is_connected:
                await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            return _transient(f"no connection: {_code(error)}")
        try:
            _, answer = await client.send_message(message, sender=self._sender.addr_spec, recipients=[letter.to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            return refusal(error.recipients[0].code, error.recipients[0].message, letter.to)
        except aiosmtplib.SMTPResponseException as error:
            return refusal(error.code, error.message, letter.to)
        except (aiosmtplib.SMTPException, OSError) as error:
            # The line went dead while it was sent: perhaps the server has it.
            client.close()
            return _transient(_code(error), possibly_delivered=True)
        return PushOutcome(PushOutcomeKind.DELIVERED, provider_id=str(message["Message-ID"]), reason=answer[:80])

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._sender
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(utc_now())
        message["Message-ID"] = f"<{letter.key}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
        if letter.unsubscribe_url:
            # RFC 2369 and RFC 8058: the mail program's own button stops it with one POST.
            message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if letter.contact_token:
            # In parts, or the header would be too long for a line and be encoded; who reads it joins them.
            message[CONTACT_HEADER] = " ".join(wrap(letter.contact_token, HEADER_PART_LENGTH))
        message.set_content(letter.text)
        if letter.html is not None:
            message.add_alternative(letter.html, subtype="html")
        message["Content-Language"] = letter.locale  # last: a body of several parts takes Content-* headers with it
        return message


def refusal(code: int, text: str, address: str) -> PushOutcome:
    """What a server's refusal means. Its words are kept for the operator, without the address."""
    reason = f"{code} {text}".replace(address, "…")[:200]
    enhanced = text.split(" ", 1)[0].strip()
    if enhanced.startswith("5."):
        gone = enhanced in NO_SUCH_ADDRESS
    else:
        gone = code in NO_SUCH_CODES
    if gone and 500 <= code < 600:
        return PushOutcome(PushOutcomeKind.UNREGISTERED_TARGET, reason=reason)
    if 500 <= code < 600:
        return PushOutcome(PushOutcomeKind.BAD_PAYLOAD, reason=reason)
    return _transient(reason)


def _transient(reason: str, *, possibly_delivered: bool = False) -> PushOutcome:
    return PushOutcome(PushOutcomeKind.TRANSIENT, reason=reason, possibly_delivered=possibly_delivered)


def _code(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
