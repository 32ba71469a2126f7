"""The words of messaging: devices, channels, messages, and what became of them."""

import dataclasses
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType, TypeAlias
from uuid import UUID

from fedele.domains.members.types import Channel, Purpose
from fedele.domains.programme.types import Text
from fedele.kernel.ids import MemberId

DeviceId = NewType("DeviceId", UUID)
MessageId = NewType("MessageId", UUID)


class TargetKind(StrEnum):
    """How a push service addresses one installation of the app."""

    FCM_TOKEN = "fcm_token"  # noqa: S105 - the name of a kind, not a secret
    FCM_FID = "fcm_fid"
    WEB_PUSH = "web_push"


class Platform(StrEnum):
    """What the app runs on."""

    IOS = "ios"
    ANDROID = "android"
    WEB = "web"


class Permission(StrEnum):
    """What the phone's owner answered when the system asked whether the app may notify."""

    GRANTED = "granted"
    PROVISIONAL = "provisional"  # iOS: delivered quietly, until the owner decides
    DENIED = "denied"
    UNKNOWN = "unknown"


class Display(StrEnum):
    """How the app shows an in-app message."""

    BANNER = "banner"
    CARD = "card"
    MODAL = "modal"
    FULL_SCREEN = "full_screen"


class Outcome(StrEnum):
    """What was decided about one message on one channel."""

    SENT = "sent"  # handed to the channel: stored for the app, or queued to be pushed now
    DEFERRED = "deferred"  # queued, to leave when the quiet hours end
    SUPPRESSED = "suppressed"


class Reason(StrEnum):
    """Why a message was sent, put off or held back."""

    ALLOWED = "allowed"
    NO_CONSENT = "no_consent"
    NO_TARGET = "no_target"
    QUIET_HOURS = "quiet_hours"
    DAILY_CAP = "daily_cap"
    WEEKLY_CAP = "weekly_cap"
    MEMBER_GONE = "member_gone"


class SendState(StrEnum):
    """Where one push to one target stands. QUEUED and SENDING are alive; the others are final."""

    QUEUED = "queued"
    SENDING = "sending"  # claimed by a worker until `next_at`; past it, another may claim
    SENT = "sent"
    UNREGISTERED = "unregistered"  # the installation is gone, and so is its target
    REJECTED = "rejected"  # the push service refuses the payload: our mistake, the target stays
    WITHDRAWN = "withdrawn"  # consent or the device went away before the push left
    EXPIRED = "expired"  # could not be delivered while it still mattered
    ABANDONED = "abandoned"  # too many attempts failed


PUSHABLE_KINDS = (TargetKind.FCM_TOKEN, TargetKind.FCM_FID)
"""Kinds of target that a channel exists for. WEB_PUSH is kept, and joins with a channel of its own."""


@dataclasses.dataclass(frozen=True, slots=True)
class AmountValue:
    """An amount of a programme currency in a message: `units` of its scale, put into words per language."""

    currency: str
    units: int


MessagePurpose: TypeAlias = Purpose | Literal["service"]
Value: TypeAlias = str | AmountValue | Text
"""What stands in a template's braces: a key or an id, an amount, or a text of the programme in all its languages (a
tier's name). Never personal data: that is added when the message is read or sent."""


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceInput:
    """What an app says of itself when it registers. `value` addresses the phone: a secret, kept out of logs."""

    kind: TargetKind
    value: str = dataclasses.field(repr=False)
    platform: Platform
    app_version: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    permission: Permission = Permission.UNKNOWN


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A registered installation of the app, without the value that addresses it."""

    device_id: DeviceId
    member_id: MemberId
    kind: TargetKind
    platform: Platform
    app_version: str | None
    locale: str | None
    time_zone: str | None
    permission: Permission
    registered_at: datetime
    last_seen_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Wording:
    """A message in one language, ready to show. `deep_link` is the app's own URL; `image_url` is https."""

    locale: str
    title: str
    body: str
    deep_link: str | None = None
    image_url: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class InAppMessage:
    """A message in the app, in the reader's language: its words are chosen when it is read, not when it was sent."""

    message_id: MessageId
    member_id: MemberId
    template_key: str
    display: Display
    wording: Wording
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """One line of the log that answers "why did she get this" and "why not".

    `source_id` is the outbox id of what happened: with the template's key it names the message. `send_at` is set when
    a push is put off until then.
    """

    member_id: MemberId
    source_id: UUID
    template_key: str
    purpose: MessagePurpose
    channel: Channel
    outcome: Outcome
    reason: Reason
    decided_at: datetime
    send_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PushRecord:
    """Where one push to one device stands."""

    member_id: MemberId
    source_id: UUID
    template_key: str
    device_id: DeviceId
    state: SendState
    next_at: datetime
    attempts_count: int
    last_reason: str | None
