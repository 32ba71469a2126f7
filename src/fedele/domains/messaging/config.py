"""Section `messages` of the programme file: when we keep quiet, how much is too much, the words, and the campaigns."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fedele.domains.members.types import Purpose
from fedele.domains.messaging.campaign_config import Campaign
from fedele.domains.messaging.types import Display, MessageChannel, Priority
from fedele.domains.programme.types import ClockTime, Defines, Key, Section, Text

LINK = r"^[a-z][a-z0-9+.-]*://|^/"


class QuietHours(Section):
    """Nothing reaches out between these times in the member's time zone; what comes then waits for the end."""

    starts: ClockTime
    ends: ClockTime


class ChannelCap(Section):
    """What one channel may take of the budget."""

    per_day: int | None = Field(default=None, ge=0, le=100)
    per_week: int | None = Field(default=None, ge=0, le=500)


class Budget(Section):
    """How often a member is contacted at most, over all channels that reach out. Messages in the app count nothing."""

    per_day: int = Field(default=3, ge=0, le=100)
    """Of the member's own calendar day."""
    per_week: int = Field(default=10, ge=0, le=500)
    """Of any seven days."""
    kept_for_high: int = Field(default=0, ge=0, le=100)
    """Places of a day that only messages of priority `high` may take."""
    channels: dict[Literal["push", "email", "sms", "wallet"], ChannelCap] = Field(default_factory=dict)
    """`{sms: {per_week: 1}}`: a channel's own limit within the budget."""


class Exclusive(Section):
    """Of the messages that name one group, a member gets at most one within so many days."""

    group: Key
    days: int = Field(default=7, ge=1, le=60)


class MessageAction(Section):
    """A button below a message in the app."""

    key: Key
    label: Text
    deep_link: str | None = Field(default=None, pattern=LINK)
    """Not said: the button closes the message."""


class EmailWords(Section):
    """What an e-mail says otherwise than the title and body."""

    subject: Text | None = None
    body: Text | None = None
    """Longer text; an empty line begins a paragraph."""
    button: Text | None = None
    """The words on the link, where `deep_link` is an https address."""


class MessageTemplate(Section):
    """The words for one occasion. `{amount}`, `{balance}`, `{name}` and the event's own values may stand in braces."""

    key: Annotated[Key, Defines("message")]
    on: str | None = Field(default=None, pattern=r"^[a-z_]+\.[a-z_]+$")
    """The kind of event that brings it, as rooms announce them: points.earned, tiers.tier_changed, rewards.redeemed.
    Not said: only campaigns, journeys and other rules that name its key send it."""
    channels: tuple[MessageChannel, ...] = ("push",)
    route: Literal["each", "first"] = "each"
    """`each`: by all its channels. `first`: by the channel that the member prefers, or else the first of these that may
    and can reach them; messages in the app are shown besides."""
    purpose: Purpose | Literal["service"] = Purpose.MARKETING
    """The consent it needs. `service`: about the member's own affairs; a push of it needs only that the phone's owner
    lets the app notify. Not said means marketing: consent is needed unless the programme says otherwise."""
    title: Text
    body: Text
    sms: Text | None = None
    """The text message, if it is not title and body."""
    email: EmailWords = EmailWords()
    deep_link: str | None = Field(default=None, pattern=LINK)
    image: str | None = Field(default=None, pattern="^https://")
    android_channel: Key | None = None
    """The notification channel of the Android app, so that its owner can silence one kind and keep another."""
    collapse: Literal["message", "template"] = "message"
    """`template`: a newer push of this template replaces an older one on the phone."""
    display: Display = Display.BANNER
    """How the app shows it, on channel in_app."""
    placement: Key = "home"
    """Where in the app it belongs, on channel in_app."""
    shown_max: int | None = Field(default=None, ge=1, le=1000)
    """How often the app shows it at most, on channel in_app."""
    actions: Annotated[tuple[MessageAction, ...], Field(max_length=3)] = ()
    expires_hours: int = Field(default=24, ge=1, le=24 * 366)
    told_within_hours: int | None = Field(default=None, ge=1, le=24 * 366)
    """How old what it tells of may be, if not as the section says. Counts for templates that wait `on` an event."""
    priority: Priority = "normal"
    """`urgent` ignores quiet hours and caps: for what the member asked for, like a code. `high` may take the places
    that the budget keeps for it, `low` leaves one place a day free; in the app the higher stands first."""
    exclusive: Exclusive | None = None


class MessagesConfig(Section):
    """Section `messages`."""

    quiet_hours: QuietHours | None = None
    budget: Budget = Budget()
    pushes_per_day_max: int | None = Field(default=None, ge=0, le=100)
    """The push channel's own limit a day, within the budget."""
    pushes_per_week_max: int | None = Field(default=None, ge=0, le=500)
    told_within_hours: int = Field(default=48, ge=1, le=24 * 366)
    """How old an event may be that templates wait `on`: what a till sends in days later, or what waited for an outage
    to end, is no news any more. The decision log says `too_late`; points and everything else come all the same."""
    templates: tuple[MessageTemplate, ...] = ()
    campaigns: tuple[Campaign, ...] = ()

    def on(self, event: str) -> tuple[MessageTemplate, ...]:
        """The templates that this event brings."""
        return tuple(template for template in self.templates if template.on == event)

    def find(self, key: str) -> MessageTemplate | None:
        """The template of this key, if this version of the programme still has it."""
        return next((template for template in self.templates if template.key == key), None)

    def told_within(self, template: MessageTemplate) -> timedelta:
        """How long after it happened this template may still tell of it."""
        return timedelta(hours=template.told_within_hours or self.told_within_hours)

    def campaign(self, key: str) -> Campaign | None:
        """The campaign of this key, if this version of the programme still has it."""
        return next((campaign for campaign in self.campaigns if campaign.key == key), None)

    def cap(self, channel: MessageChannel) -> ChannelCap:
        """The channel's own limits."""
        if channel == "in_app":
            return ChannelCap()
        cap = self.budget.channels.get(channel, ChannelCap())
        if channel != "push":
            return cap
        return ChannelCap(
            per_day=self.pushes_per_day_max if cap.per_day is None else cap.per_day,
            per_week=self.pushes_per_week_max if cap.per_week is None else cap.per_week,
        )

    @model_validator(mode="after")
    def _campaigns_keep_their_kind(self) -> Self:
        for campaign in self.campaigns:
            for variant in campaign.arms:
                template = self.find(variant.template)
                if template is not None and template.priority == "urgent":
                    raise ValueError(
                        f"campaign {campaign.key} sends {template.key}, which is urgent: what the member did not ask "
                        "for keeps quiet hours and the budget"
                    )
        return self
