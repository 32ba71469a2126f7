"""Section `messages` of the programme file: when we keep quiet, how much is too much, and the words per occasion."""

from typing import Annotated, Literal

from pydantic import Field

from fedele.domains.members.types import Purpose
from fedele.domains.messaging.types import Display
from fedele.domains.programme.types import ClockTime, Defines, Key, Section, Text

MessageChannel = Literal["push", "in_app"]


class QuietHours(Section):
    """No push between these times in the member's time zone; what comes then waits for the end."""

    starts: ClockTime
    ends: ClockTime


class MessageTemplate(Section):
    """The words for one occasion. `{amount}`, `{balance}`, `{name}` and the event's own values may stand in braces."""

    key: Annotated[Key, Defines("message")]
    on: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    """The kind of event that brings it, as rooms announce them: points.earned, tiers.tier_changed, rewards.redeemed."""
    channels: tuple[MessageChannel, ...] = ("push",)
    purpose: Purpose | Literal["service"] = Purpose.MARKETING
    """The consent it needs. `service`: about the member's own affairs; a push of it needs only that the phone's owner
    lets the app notify. Not said means marketing: consent is needed unless the programme says otherwise."""
    title: Text
    body: Text
    deep_link: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9+.-]*://|^/")
    image: str | None = Field(default=None, pattern="^https://")
    android_channel: Key | None = None
    """The notification channel of the Android app, so that its owner can silence one kind and keep another."""
    display: Display = Display.BANNER
    """How the app shows it, on channel in_app."""
    expires_hours: int = Field(default=24, ge=1, le=24 * 366)
    priority: Literal["urgent", "normal"] = "normal"
    """`urgent` ignores quiet hours and caps: for what the member asked for, like a code."""


class MessagesConfig(Section):
    """Section `messages`."""

    quiet_hours: QuietHours | None = None
    pushes_per_day_max: int = Field(default=3, ge=0, le=100)
    pushes_per_week_max: int = Field(default=10, ge=0, le=500)
    templates: tuple[MessageTemplate, ...] = ()

    def on(self, event: str) -> tuple[MessageTemplate, ...]:
        """The templates that this event brings."""
        return tuple(template for template in self.templates if template.on == event)

    def find(self, key: str) -> MessageTemplate | None:
        """The template of this key, if this version of the programme still has it."""
        return next((template for template in self.templates if template.key == key), None)
