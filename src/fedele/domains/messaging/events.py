"""What messaging announces."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.domains.members.types import Channel
from fedele.domains.messaging.types import Report
from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class MessageQueued(Event):
    """A message was decided on: it waits in the app, pushes wait to leave, or both. Source and template name it."""

    kind: ClassVar[str] = "message.queued"
    source_id: UUID
    template_key: str
    pushes_count: int
    letters_count: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class MessageDismissed(Event):
    """The member closed an in-app message for good."""

    kind: ClassVar[str] = "message.dismissed"
    message_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class MessageReported(Event):
    """The app or a link told for the first time that the member opened or clicked a message."""

    kind: ClassVar[str] = "message.reported"
    source_id: UUID
    template_key: str
    channel: Channel
    what: Report


@dataclasses.dataclass(frozen=True, kw_only=True)
class WalletMessageSet(Event):
    """What the member's card should show as news has changed, and the change may notify."""

    kind: ClassVar[str] = "message.wallet_message_set"
    source_id: UUID
    template_key: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceRegistered(Event):
    """An installation of the app became this member's: a new one, or one that was another member's until now."""

    kind: ClassVar[str] = "message.device_registered"
    device_id: UUID
