"""The words of messaging: devices, channels, messages, and what became of them."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType, TypeAlias
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
    ADDRESS_BLOCKED = "address_blocked"  # the only address there is does not exist, or its owner complained
    QUIET_HOURS = "quiet_hours"
    DAILY_CAP = "daily_cap"
    WEEKLY_CAP = "weekly_cap"
    CHANNEL_CAP = "channel_cap"  # the channel's own share of the budget
    LOWER_PRIORITY = "lower_priority"  # the places left today are kept for what matters more
    EXCLUSIVE = "exclusive"  # another message of its group was said lately
    OTHER_CHANNEL = "other_channel"  # the member gets it by a channel they prefer
    SEND_TIME = "send_time"  # put off to the hour at which this member reads
    HOLDOUT = "holdout"  # kept without the message, to measure what it does
    CAMPAIGN_CAP = "campaign_cap"  # this member had this campaign often enough
    CAMPAIGN_FULL = "campaign_full"  # the campaign reaches no more members with one sending
    TEMPLATE_GONE = "template_gone"  # the programme no longer has these words
    TOO_LATE = "too_late"  # what it tells of happened too long ago
    MEMBER_GONE = "member_gone"
    MEMBER_BLOCKED = "member_blocked"  # a suspicion keeps their value from being spent until a person has looked


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


OUTREACH = frozenset({Channel.PUSH, Channel.EMAIL, Channel.SMS, Channel.WALLET})
"""Channels that reach out to the member and so take a place in their budget. In the app a message only waits."""

MessageChannel: TypeAlias = Literal["push", "in_app", "email", "sms", "wallet"]
Priority: TypeAlias = Literal["urgent", "high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal", "low")
Report: TypeAlias = Literal["delivered", "failed", "seen", "opened", "clicked"]
"""What is told of a message: `delivered` and `failed` by the provider; `seen`, `opened` and `clicked` by the app or a
link."""


@dataclasses.dataclass(frozen=True, slots=True)
class AmountValue:
    """An amount of a programme currency in a message: `units` of its scale, put into words per language."""

    currency: str
    units: int


MessagePurpose: TypeAlias = Purpose | Literal["service"]
Value: TypeAlias = str | AmountValue | Text
"""What stands in a template's braces: a key or an id, an amount, or a text of the programme in all its languages (a
tier's name). Never personal data: that is added when the message is read or sent."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MessageAsked:
    """A room above wants this said to a member: the template's key, and what its braces name.

    `source_id` with the template's key names the message: asked again, it is not said again. `campaign` and `variant`
    are what figures are counted by. `channels` narrows the template's own. Not before `not_before`.
    `happened_at`: when what it tells of happened; longer ago than the programme tells of things, it is held back.
    """

    member_id: MemberId
    template: str
    source_id: UUID
    values: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    campaign: str | None = None
    variant: str | None = None
    channels: tuple[MessageChannel, ...] | None = None
    not_before: datetime | None = None
    happened_at: datetime | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ContactAsked:
    """A room above is about to reach out by a channel of its own (the wallet's change message) and asks first."""

    member_id: MemberId
    source_id: UUID
    key: str
    channel: Channel = Channel.WALLET
    purpose: MessagePurpose = "service"
    priority: Priority = "normal"


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
    actions: tuple["ActionWords", ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class ActionWords:
    """A button below a message, in one language."""

    key: str
    label: str
    deep_link: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class LetterWords:
    """A message as an e-mail in one language: text and HTML say the same."""

    locale: str
    subject: str
    text: str
    html: str


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
    placement: str = "home"
    priority: Priority = "normal"
    purpose: MessagePurpose = Purpose.MARKETING
    shown_count: int = 0


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
    contact_id: UUID | None = None
    priority: Priority = "normal"
    campaign_key: str | None = None
    variant: str | None = None
    exclusive_group: str | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def allowed(self) -> bool:
        """Whether the message leaves, now or later."""
        return self.outcome is not Outcome.SUPPRESSED


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


@dataclasses.dataclass(frozen=True, slots=True)
class CampaignPreview:
    """What would become of a campaign now. `reasons` counts members who would not get it now, each once.

    `refused`: its audience is every member, and nobody said why.
    """

    campaign: str
    audience_count: int
    everyone_count: int
    now_count: int
    later_count: int
    reasons: Mapping[Reason, int]
    channels: Mapping[str, int]
    refused: bool


@dataclasses.dataclass(frozen=True, slots=True)
class CampaignRun:
    """One sending of a campaign. `judged_count` members were looked at, `sent_count` of them are written to."""

    run_id: UUID
    campaign_key: str
    due_at: datetime
    state: str
    audience_count: int
    everyone_count: int
    exception_reason: str | None
    judged_count: int
    sent_count: int
    started_at: datetime
    ended_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a member would get a campaign now, or not: in its audience, in which arm, and the ruling for each channel."""

    in_audience: bool
    variant: str | None
    rulings: tuple[tuple[Channel, Outcome, Reason, datetime | None], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class FunnelLine:
    """From reach to deed for one variant and channel. Counts are of members; `converted` did what the goal names
    within its days. The holdout is a line of its own, to compare with.
    """

    variant: str
    channel: Channel
    judged: int
    sent: int
    delivered: int
    seen: int
    opened: int
    clicked: int
    converted: int
