"""Messaging in the members' schema: messages in the app, and the devices that pushes go to."""

from datetime import datetime
from enum import Enum
from typing import Self
from uuid import UUID

import strawberry

from fedele.api import ids
from fedele.api.connections import Connection, connection, page_size
from fedele.api.context import Context, Info
from fedele.api.errors import UserError, user_error
from fedele.api.member.base import MemberBase
from fedele.api.node import Node
from fedele.api.permissions import MEMBER, mutation_field
from fedele.api.scalars import URL, Locale, TimeZone
from fedele.domains.messaging import commands, errors, queries
from fedele.domains.messaging import types as records
from fedele.kernel.ids import MemberId

MESSAGE, DEVICE = "message", "device"

# Naming an enum registers it: annotations below use the domain's own class.
strawberry.enum(records.Display, name="MessageDisplay", description="How the app should show a message.")
strawberry.enum(
    records.TargetKind,
    name="PushTargetKind",
    description="How a push service addresses this installation: a Firebase registration token, a Firebase "
    "installation id (an app uses one of the two), or a Web Push subscription as JSON.",
)
strawberry.enum(records.Platform, name="DevicePlatform", description="What the app runs on.")
strawberry.enum(
    records.Permission,
    name="NotificationPermission",
    description="What the phone's owner answered when asked whether the app may notify. DENIED gets no push.",
)


@strawberry.type
class MessageAction:
    """A button below a message."""

    key: str = strawberry.field(description="The programme's key of the button, for analytics.")
    label: str
    deep_link: str | None = strawberry.field(description="Where it leads; null: it closes the message.")


@strawberry.type
class Message(Node):
    """A message for the member, to show in the app, in their language. Gone once dismissed or expired."""

    display: records.Display
    title: str
    body: str
    deep_link: str | None = strawberry.field(description="Where tapping leads, in the app's own URLs.")
    image: URL | None
    template: str = strawberry.field(description="The programme's key for this kind of message, for analytics.")
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None = strawberry.field(description="When the app first said that it showed this message.")
    placement: str = strawberry.field(description="Where in the app it belongs, in the programme's word.")
    priority: str = strawberry.field(description="urgent, high, normal or low; the higher stands first.")
    reason: str = strawberry.field(description="Why am I seeing this, in the member's language.")
    actions: list[MessageAction] = strawberry.field(description="Buttons below it; at most three.")

    @classmethod
    def of(cls, record: records.InAppMessage) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(MESSAGE, record.member_id, record.message_id),
            display=record.display,
            title=record.wording.title,
            body=record.wording.body,
            deep_link=record.wording.deep_link,
            image=URL(record.wording.image_url) if record.wording.image_url else None,
            template=record.template_key,
            created_at=record.created_at,
            expires_at=record.expires_at,
            seen_at=record.seen_at,
            placement=record.placement,
            priority=record.priority,
            reason=queries.why_words(record.purpose, record.wording.locale),
            actions=[
                MessageAction(key=action.key, label=action.label, deep_link=action.deep_link)
                for action in record.wording.actions
            ],
        )


@strawberry.type
class Device(Node):
    """An installation of the app that pushes go to. What addresses it is never given back."""

    kind: records.TargetKind
    platform: records.Platform
    app_version: str | None
    locale: Locale | None
    time_zone: TimeZone | None
    permission: records.Permission
    registered_at: datetime
    last_seen_at: datetime

    @classmethod
    def of(cls, record: records.Device) -> Self:
        """From the record."""
        return cls(
            id=ids.row_id(DEVICE, record.member_id, record.device_id),
            kind=record.kind,
            platform=record.platform,
            app_version=record.app_version,
            locale=Locale(record.locale) if record.locale else None,
            time_zone=TimeZone(record.time_zone) if record.time_zone else None,
            permission=record.permission,
            registered_at=record.registered_at,
            last_seen_at=record.last_seen_at,
        )


@strawberry.type
class MessagingFields(MemberBase):
    """Messaging's part of Member."""

    @strawberry.field
    async def messages(
        self, info: Info, first: int = 20, after: str | None = None, placement: str | None = None
    ) -> Connection[Message]:
        """Messages to show in the app, what matters more first, then the newest; neither dismissed nor expired.

        `placement` asks for those of one place in the app.
        """
        context = info.context
        page = await queries.list_messages(
            context.reader, await context.programme(), self.member_id, context.moment,
            first=page_size(first), after=after, locale=await context.language(), placement=placement,
        )  # fmt: skip
        return connection(page, Message.of)

    @strawberry.field
    async def devices(self, info: Info) -> list[Device]:
        """The devices that pushes go to, the last seen first; at most twenty."""
        return [Device.of(record) for record in await queries.list_devices(info.context.reader, self.member_id)]


async def fetch_message(context: Context, text: strawberry.ID) -> Message | None:
    """A message by its id, for `node`."""
    row = ids.find_row(MESSAGE, text, context.member_id)
    if row is None:
        return None
    record = await queries.find_message(
        context.reader, await context.programme(), context.member_id, records.MessageId(row), context.moment,
        locale=await context.language(),
    )  # fmt: skip
    return Message.of(record) if record else None


async def fetch_device(context: Context, text: strawberry.ID) -> Device | None:
    """A device by its id, for `node`."""
    row = ids.find_row(DEVICE, text, context.member_id)
    record = await queries.find_device(context.reader, context.member_id, records.DeviceId(row)) if row else None
    return Device.of(record) if record else None


@user_error(errors.MalformedTarget, errors.UnknownTimeZone)
class RegisterDeviceUserError(UserError):
    """Why the device was not registered."""


@strawberry.type
class RegisterDevicePayload:
    """The device, or why there is none."""

    device: Device | None = None
    user_errors: list[RegisterDeviceUserError] = strawberry.field(default_factory=list)


@strawberry.input
class RegisterDeviceInput:
    """What the app knows of itself. Send it at every start and whenever one of these changes."""

    kind: records.TargetKind
    value: str = strawberry.field(description="The registration token, installation id or subscription.")
    platform: records.Platform
    permission: records.Permission = records.Permission.UNKNOWN
    app_version: str | None = None
    locale: Locale | None = None
    time_zone: TimeZone | None = None


@user_error()
class UnregisterDeviceUserError(UserError):
    """Why the device was not forgotten."""


@strawberry.type
class UnregisterDevicePayload:
    """The id of the device that was forgotten."""

    device_id: strawberry.ID | None = None
    user_errors: list[UnregisterDeviceUserError] = strawberry.field(default_factory=list)


@strawberry.input
class UnregisterDeviceInput:
    """Which device."""

    device_id: strawberry.ID


@user_error()
class DismissMessageUserError(UserError):
    """Why the message was not dismissed."""


@strawberry.type
class DismissMessagePayload:
    """The id of the message that is gone now."""

    message_id: strawberry.ID | None = None
    user_errors: list[DismissMessageUserError] = strawberry.field(default_factory=list)


@strawberry.input
class DismissMessageInput:
    """Which message."""

    message_id: strawberry.ID


@user_error()
class MarkMessagesSeenUserError(UserError):
    """Why nothing was noted."""


@strawberry.type
class MarkMessagesSeenPayload:
    """How many of them the member saw for the first time."""

    newly_seen: int | None = None
    user_errors: list[MarkMessagesSeenUserError] = strawberry.field(default_factory=list)


@strawberry.input
class MarkMessagesSeenInput:
    """What the app showed; at most a hundred at once."""

    message_ids: list[strawberry.ID]


@strawberry.enum(name="MessageReportKind", description="What the member did with a message, as the app saw it.")
class MessageReportKind(Enum):
    """Kinds of report."""

    SEEN = "seen"
    OPENED = "opened"
    CLICKED = "clicked"


_REPORTS: dict[MessageReportKind, records.Report] = {
    MessageReportKind.SEEN: "seen",
    MessageReportKind.OPENED: "opened",
    MessageReportKind.CLICKED: "clicked",
}


@user_error()
class ReportMessagesUserError(UserError):
    """Why nothing was noted."""


@strawberry.type
class ReportMessagesPayload:
    """How many reports were new: the first of each kind counts."""

    newly_noted: int | None = None
    user_errors: list[ReportMessagesUserError] = strawberry.field(default_factory=list)


@strawberry.input
class MessageReport:
    """What happened to one message. A click says that it was opened, and what was opened was seen."""

    message_id: strawberry.ID = strawberry.field(
        description="The id of a message in the app, or what a push carries as `message` in its data."
    )
    what: MessageReportKind
    occurred_at: datetime | None = strawberry.field(default=None, description="When; not said: now.")


@strawberry.input
class ReportMessagesInput:
    """What the app saw; at most a hundred at once."""

    reports: list[MessageReport]


@strawberry.type
class MessagingMutation:
    """What a member can do about messages and devices."""

    @mutation_field(requires=MEMBER)
    async def register_device(self, info: Info, input: RegisterDeviceInput) -> RegisterDevicePayload | None:
        """Have pushes sent to this installation, and to nobody else through it. Repeating it says: still here."""
        context = info.context
        device = records.DeviceInput(
            kind=input.kind, value=input.value, platform=input.platform, app_version=input.app_version,
            locale=input.locale, time_zone=input.time_zone, permission=input.permission,
        )  # fmt: skip
        async with context.database.transaction() as tx:
            record = await commands.register_device(tx, context.member_id, device, context.moment)
        return RegisterDevicePayload(device=Device.of(record))

    @mutation_field(requires=MEMBER)
    async def unregister_device(self, info: Info, input: UnregisterDeviceInput) -> UnregisterDevicePayload | None:
        """Stop pushes to this installation: at logout, or for one that was lost."""
        context = info.context
        device_id = ids.row_of(DEVICE, input.device_id, context.member_id, "deviceId")
        async with context.database.transaction() as tx:
            await commands.unregister_device(tx, context.member_id, records.DeviceId(device_id))
        return UnregisterDevicePayload(device_id=input.device_id)

    @mutation_field(requires=MEMBER)
    async def dismiss_message(self, info: Info, input: DismissMessageInput) -> DismissMessagePayload | None:
        """Close a message for good. Repeating it is harmless."""
        context = info.context
        message_id = ids.row_of(MESSAGE, input.message_id, context.member_id, "messageId")
        async with context.database.transaction() as tx:
            await commands.dismiss_message(tx, context.member_id, records.MessageId(message_id), context.moment)
        return DismissMessagePayload(message_id=input.message_id)

    @mutation_field(requires=MEMBER)
    async def report_messages(self, info: Info, input: ReportMessagesInput) -> ReportMessagesPayload | None:
        """Note what the member did with messages and pushes. Ids that are not the member's are passed over."""
        context, member_id = info.context, info.context.member_id
        page_size(len(input.reports))
        told = [
            (contact, _REPORTS[one.what], one.occurred_at or context.moment.now)
            for one in input.reports
            if (contact := _contact(one.message_id, member_id)) is not None
        ]
        async with context.database.transaction() as tx:
            newly_noted = await commands.report(tx, member_id, told, context.moment)
        return ReportMessagesPayload(newly_noted=newly_noted)

    @mutation_field(requires=MEMBER)
    async def mark_messages_seen(self, info: Info, input: MarkMessagesSeenInput) -> MarkMessagesSeenPayload | None:
        """Note that the app showed these messages. Ids that are not the member's are passed over."""
        context, member_id = info.context, info.context.member_id
        page_size(len(input.message_ids))
        found = [ids.find_row(MESSAGE, text, member_id) for text in input.message_ids]
        message_ids = [records.MessageId(row) for row in found if row is not None]
        async with context.database.transaction() as tx:
            newly_seen = await commands.mark_seen(tx, member_id, message_ids, context.moment)
        return MarkMessagesSeenPayload(newly_seen=newly_seen)


def _contact(text: str, member_id: MemberId) -> UUID | None:
    """The message that a report names: by its id here, or by the number in a push."""
    try:
        return UUID(text)
    except ValueError:
        return ids.find_row(MESSAGE, text, member_id)
