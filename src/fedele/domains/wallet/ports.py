"""What the wallet needs from the outside world. Adapters in `fedele.adapters` implement these."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from fedele.domains.members.types import RotatingSecret
from fedele.domains.wallet.types import CardState, Serial


class PassAssembler(Protocol):
    """Turns a card's state into a signed Apple pass."""

    @property
    def design_version(self) -> str:
        """Changes when the design or the identity that signs changes, and with it every card's look."""
        ...

    def digest(self, card: CardState) -> bytes:
        """A hash of the pass's content for this state: equal hashes, equal cards."""
        ...

    async def assemble(self, card: CardState, signed_at: datetime) -> bytes:
        """The signed `.pkpass`. The same design, state and signing time give the same bytes."""
        ...


class PassPush(Protocol):
    """Tells phones that a pass has changed; the phone then asks for it."""

    async def notify(self, push_tokens: Sequence[str]) -> Sequence[str]:
        """Send an empty push to each token and return those that no longer exist. Raises PushFailed: try again."""
        ...

    async def aclose(self) -> None:
        """Let go of the connection."""
        ...


class PushFailed(Exception):
    """The push service could not be reached or refused for now; the job tries again."""


@dataclasses.dataclass(frozen=True, slots=True)
class GoogleMessage:
    """Words sent to a card at Google; the same words have the same id."""

    id: str
    header: str
    body: str


class GoogleCards(Protocol):
    """Writes members' cards, rewards and tickets to Google Wallet."""

    async def write(
        self,
        card: CardState,
        rotating: RotatingSecret | None,
        *,
        notify: bool,
        message: GoogleMessage | None = None,
    ) -> None:
        """Insert or replace the object of this pass. `notify`: Google may tell the member of the change. `message`
        was added to a card before, and stays.

        Raises GoogleBusy (try again) or GoogleRefused (somebody must look at it).
        """
        ...

    async def add_message(self, card: CardState, message: GoogleMessage, *, notify: bool) -> None:
        """Put a message on a card that Google has, and tell the member of it if `notify`. Raises as `write`."""
        ...


class GoogleBusy(Exception):
    """Google cannot be reached, or asks to wait."""

    def __init__(self, words: str, retry_after_seconds: float = 30.0) -> None:
        super().__init__(words)
        self.retry_after_seconds = retry_after_seconds


class GoogleRefused(Exception):
    """Google refuses the card or the credentials; the message is Google's."""


class SaveLinks(Protocol):
    """Makes "Save to Google Wallet" links."""

    def url(self, serial: Serial, at: datetime) -> str:
        """The link that saves this member's loyalty object, made on the day of `at`."""
        ...
