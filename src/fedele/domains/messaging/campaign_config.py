"""Campaigns in the programme file: whom, when, with which words, how often and how fast."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fedele.domains.programme.types import ClockTime, Defines, Key, Refers, Section, Weekday
from fedele.kernel.vocabulary import MemberCondition


class EveryoneException(Section):
    """Says that a campaign may go to everybody, and why. The reason is logged with every sending."""

    reason: str = Field(min_length=10, max_length=300)


class Audience(Section):
    """Whom a campaign is for: a segment, a condition on the member, or members who satisfy both."""

    segment: Annotated[str, Refers("segment")] | None = None
    when: MemberCondition | None = None
    everyone: EveryoneException | None = None
    """Without it a campaign is refused whose audience turns out to be every member."""

    @model_validator(mode="after")
    def _targeted(self) -> Self:
        if self.segment is None and self.when is None and self.everyone is None:
            raise ValueError(
                "names a segment, a condition (when), or says why everyone should get it: everyone: {reason: …}"
            )
        return self


class CampaignVariant(Section):
    """One way to say it. Members are divided among variants by weight, each for good."""

    key: Key
    template: Annotated[str, Refers("message")]
    weight: int = Field(default=1, ge=1, le=1000)


class CampaignTime(Section):
    """When a campaign is sent, on the programme's clock."""

    starts: date
    at: ClockTime
    repeats: Literal["daily", "weekly", "monthly"] | None = None
    """Not said: once, on the day it starts."""
    weekday: Weekday | None = None
    """Of a weekly campaign; else the weekday it starts on."""
    ends: date | None = None
    """The last day on which it may begin."""


class CampaignCaps(Section):
    """How much of one campaign is enough."""

    per_member: int = Field(default=1, ge=1, le=1000)
    """How often a member gets it at most, within `days`."""
    days: int = Field(default=366, ge=1, le=3660)
    members: int | None = Field(default=None, ge=1)
    """How many members one sending reaches at most."""


class Goal(Section):
    """What the campaign wants members to do; counted within `days` of the message."""

    kind: Literal["purchase", "redemption", "offer"]
    key: Key | None = None
    """Of the reward or offer; not said: any."""
    days: int = Field(default=14, ge=1, le=366)


class Campaign(Section):
    """A message to members of an audience, sent by the worker."""

    key: Annotated[Key, Defines("campaign")]
    audience: Audience
    template: Annotated[str, Refers("message")] | None = None
    variants: tuple[CampaignVariant, ...] = ()
    """Instead of `template`: several, compared with each other."""
    holdout_percent: int = Field(default=0, ge=0, le=50)
    """Members of the audience who get nothing, so that the effect can be measured."""
    when: CampaignTime
    send_time: Literal["now", "best"] | ClockTime = "now"
    """`best`: the hour at which the member most often opens messages; a time of day: that one, on their clock."""
    default_time: ClockTime | None = None
    """For `best`, where too little is known of a member. Not said: at once."""
    caps: CampaignCaps = CampaignCaps()
    per_minute_max: int = Field(default=6000, ge=1, le=600_000)
    """How many members are written to in a minute at most."""
    goal: Goal | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.template is None) == (not self.variants):
            raise ValueError("names either a template or variants")
        if len({variant.key for variant in self.variants}) < len(self.variants):
            raise ValueError("has two variants of one key")
        return self

    @property
    def arms(self) -> tuple[CampaignVariant, ...]:
        """Its variants; one called `all` where it has a template only."""
        return self.variants or (CampaignVariant(key="all", template=self.template or ""),)
