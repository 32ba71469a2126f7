"""The port that push services stand behind. Adapters live in `adapters/push/`; the contract suite runs against each."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from fedele.domains.members.types import Channel
from fedele.domains.messaging.links import MessageLinks as MessageLinks
from fedele.domains.messaging.types import TargetKind
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment

ProgrammeAt: TypeAlias = Callable[[datetime], Awaitable[Programme]]  # ProgrammeSource.at
Clock: TypeAlias = Callable[[], Moment]


class PushOutcomeKind(StrEnum):
    """What the push service answered for one message."""

    DELIVERED = "delivered"  # accepted by the service; phones confirm nothing
    UNREGISTERED_TARGET = "unregistered_target"  # the only answer that may delete a target
    BAD_PAYLOAD = "bad_payload"  # sending the same again cannot help, and the target is innocent
    RETRY_AFTER = "retry_after"  # the service named the time to wait
    TRANSIENT = "transient"  # a fault that may pass: back off and try again


@dataclasses.dataclass(frozen=True, slots=True)
class PushMessage:
    """One notification for one installation, in its final words.

    `collapse_key` (32 characters of base64url: APNs would take 64 bytes, Web Push takes no more) makes a second copy
    replace the first on the phone: that is what turns at-least-once sending into one notification. `data` is read by
    the app only. The service may hold the message for `ttl_seconds`, until `expires_at`.
    """

    kind: TargetKind
    value: str = dataclasses.field(repr=False)
    title: str
    body: str
    locale: str
    collapse_key: str
    ttl_seconds: int
    expires_at: datetime
    deep_link: str | None = None
    image_url: str | None = None
    android_channel: str | None = None
    data: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class PushOutcome:
    """The answer for one message. `possibly_delivered`: the service may have accepted it before the line went dead."""

    kind: PushOutcomeKind
    provider_id: str | None = None
    retry_after_seconds: float | None = None
    reason: str = ""  # the service's own code or words, without the target's value
    possibly_delivered: bool = False


class PushChannel(Protocol):
    """A push service."""

    kinds: frozenset[TargetKind]  # the kinds of target it can address

    async def send(self, messages: Sequence[PushMessage]) -> list[PushOutcome]:
        """Send them all; one outcome each, in order. Faults become outcomes: this raises only on a wrong call."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail or a text for one member, in its final words; `to` is an address or a number in E.164.

    `key` is the same each time this letter is tried. `tried_at`: when it was tried for the first time, if an earlier
    attempt may have left without anybody hearing of it; a channel that can ask its provider does so before it sends
    again. `unsubscribe_url` takes one POST and asks nothing. `status_url`: where the provider tells what became of it.
    `contact_token`: the CONTACT_HEADER of an e-mail.
    """

    to: str = dataclasses.field(repr=False)
    locale: str
    text: str
    key: str
    subject: str = ""
    html: str | None = None
    unsubscribe_url: str | None = dataclasses.field(default=None, repr=False)
    status_url: str | None = dataclasses.field(default=None, repr=False)
    contact_token: str | None = dataclasses.field(default=None, repr=False)
    tried_at: datetime | None = None
    ttl_seconds: int = 86_400


CONTACT_HEADER = "X-Fedele-Contact"
"""The header of an e-mail that says, signed, which message it is; reports of mail systems bring it back."""


@dataclasses.dataclass(frozen=True, slots=True)
class MailReport:
    """What a mail system says of an e-mail afterwards.

    `gone`: there is no such address; `failed`: not delivered for another reason; `complaint`: the reader called it
    junk. `token` is the CONTACT_HEADER of the e-mail.
    """

    what: Literal["gone", "failed", "complaint"]
    token: str | None
    address: str | None = dataclasses.field(repr=False)
    reason: str


MailReader: TypeAlias = Callable[[bytes], MailReport | None]  # None: no report, or nothing to do about it


class LetterChannel(Protocol):
    """A provider of e-mail or SMS. Its outcomes are those of pushes; UNREGISTERED_TARGET: there is no such address."""

    channel: Channel

    async def send(self, letters: Sequence[Letter]) -> list[PushOutcome]:
        """Send them all; one outcome each, in order. Faults become outcomes: this raises only on a wrong call."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class StatusUnsigned(Exception):
    """What was told of a message is not signed by the provider."""


@runtime_checkable
class StatusReader(Protocol):
    """Reads what a provider tells of a message by calling back."""

    def read_status(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Literal["delivered", "failed"] | None:
        """What became of it; None for a step on the way. Raises StatusUnsigned."""
        ...
