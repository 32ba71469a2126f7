"""Sections `offers`, `areas`, `location` of the programme file: what is offered to whom, when and where."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.budgets.config import Budget, Percent, Targets
from fedele.domains.offers.geography.where import Area, Where
from fedele.domains.offers.timing.schedule import Schedule
from fedele.domains.offers.triggers.kinds import FollowingTrigger, Trigger
from fedele.domains.programme.types import (
    CurrencyRef,
    Defines,
    Items,
    Key,
    Positive,
    RewardRef,
    Section,
    Text,
    TierRef,
)
from fedele.domains.segments.config import SegmentRef
from fedele.kernel.vocabulary import LineCondition, MemberCondition, WeatherCondition


class Audience(Section):
    """Who may have it. Nothing set: everybody."""

    when: MemberCondition | None = None
    """CEL over member and now."""
    tiers: tuple[TierRef, ...] = ()
    segments: tuple[SegmentRef, ...] = ()


class Limits(Section):
    """How much of it there is."""

    total: int | None = Field(default=None, ge=1)
    """Claims in all."""
    per_member: int = Field(default=1, ge=1)
    per_member_day: int | None = Field(default=None, ge=1)
    use_within_hours: int = Field(default=72, ge=1, le=24 * 366)
    """How long a claimed offer can be used."""


class MultiplierBenefit(Section):
    """More units on the lines that count."""

    type: Literal["multiplier"]
    currency: CurrencyRef
    multiplier: Decimal = Field(gt=1, le=100)
    when: LineCondition | None = None
    """CEL over line, purchase, member, now: which lines."""


class BonusBenefit(Section):
    """A fixed number of units with the next purchase that qualifies."""

    type: Literal["bonus"]
    currency: CurrencyRef
    amount: Positive
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    when: LineCondition | None = None
    """At least one line must satisfy it."""


class AmountBenefit(Section):
    """Money off the lines that count."""

    type: Literal["discount_amount"]
    value: Positive
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    when: LineCondition | None = None


class PercentBenefit(Section):
    """A share off the lines that count."""

    type: Literal["discount_percent"]
    percent: Decimal = Field(gt=0, le=100, max_digits=5, decimal_places=2)
    discount_max: Positive | None = None
    when: LineCondition | None = None


class FreeRewardBenefit(Section):
    """A reward of the catalogue, for nothing."""

    type: Literal["reward"]
    reward: RewardRef


Benefit = Annotated[
    MultiplierBenefit | BonusBenefit | AmountBenefit | PercentBenefit | FreeRewardBenefit, Field(discriminator="type")
]


class Creative(Section):
    """What the member sees."""

    title: Text
    body: Text
    reason: Text | None = None
    """Why am I seeing this, when place, time or weather brought it."""
    image: str | None = Field(default=None, pattern="^(https://|/)")
    action: Text | None = None
    """The button."""
    deep_link: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9+.-]*://|^/")


class Variant(Section):
    """Other words for a share of the members, to see which work better. Who sees which is fixed by a hash."""

    key: Key
    share: Percent
    """How many of a hundred members see it; the rest see the offer's own words."""
    creative: Creative


class LocationConfig(Section):
    """Section `location`: what is kept of where phones are, and what is believed."""

    keep_hours: int = Field(default=24, ge=1, le=24 * 90)
    """Positions are deleted after so many hours."""
    keep_decisions_days: int = Field(default=90, ge=1, le=366)
    """What triggers decided, and why, is deleted after so many days."""
    accuracy_metres_max: int = Field(default=200, ge=10, le=5_000)
    """A position that is less sure than this is not believed."""
    age_seconds_max: int = Field(default=120, ge=10, le=3_600)
    """Nor one that was taken longer ago,"""
    kilometres_per_hour_max: int = Field(default=300, ge=50, le=2_000)
    """nor one that nobody could have reached from the last believed one in the time between."""


class Offer(Section):
    """One offer."""

    key: Annotated[Key, Defines("offer")]
    state: Literal["draft", "scheduled", "live", "ended"] = "live"
    """A draft is nobody's; scheduled becomes live with its first date; ended is over."""
    needs_approval: bool = False
    """Not shown before a second person has approved it as it is written (staff: approveOffer)."""
    audience: Audience = Audience()
    schedule: Schedule = Schedule()
    where: Where | None = None
    """Unset: anywhere."""
    weather: WeatherCondition | None = None
    """CEL over weather and now, at the offer's place; not known means no."""
    triggers: tuple[Trigger, ...] = Field(default=(), max_length=10)
    """What makes it speak up. With one that follows something (purchase, visit, event) only those see it to whom that
    happened. Not said: coming near, if it has a place and `push`."""
    limits: Limits = Limits()
    budget: Budget | None = None
    """What it may cost. A claim reserves, a sale uses; when it is gone the offer ends, hard."""
    margin_floor: Percent | None = None
    """Of the lines that count, so much must be left after the goods' cost and the offer's own; not known means no."""
    targets: Targets = Targets()
    benefit: Benefit
    creative: Creative
    variants: tuple[Variant, ...] = Field(default=(), max_length=5)
    priority: int = Field(default=0, ge=-100, le=100)
    """The higher comes first where the feed has no other reason."""
    push: bool = False
    """Send a push when a place, time or weather trigger fires."""
    category: Key | None = None
    stacking_group: Key = "standard"
    """Of one group a basket takes one discount; those of different groups combine."""
    combinable: bool = True
    """Whether another discount may stand beside this one."""
    claim: Literal["member", "automatic"] = "member"
    """Whether the member activates it, or its trigger does."""

    @property
    def following(self) -> tuple[FollowingTrigger, ...]:
        """Its triggers that follow something the member did."""
        return tuple(t for t in self.triggers if t.type in ("purchase", "visit", "event"))

    @property
    def enters(self) -> bool:
        """Whether coming near makes it speak up."""
        by_default = not self.triggers and self.push
        return self.where is not None and (by_default or any(t.type == "enter" for t in self.triggers))

    @model_validator(mode="after")
    def _can_happen(self) -> "Offer":
        if sum(variant.share for variant in self.variants) > 100:
            raise ValueError("the shares of its variants are more than 100 % together")
        if len({variant.key for variant in self.variants}) < len(self.variants):
            raise ValueError("two of its variants have the same key")
        kinds = {trigger.type for trigger in self.triggers}
        if self.claim == "automatic" and not kinds:
            raise ValueError("claim: automatic needs triggers: they claim it for the member")
        if "enter" in kinds and self.where is None:
            raise ValueError("a trigger of type enter needs `where`")
        if any(t.type == "time" and t.at is None for t in self.triggers) and self.schedule.always:
            raise ValueError("a trigger of type time needs `at`, or the schedule windows or recurrences")
        if any(t.type == "time" and t.to != "everybody" for t in self.triggers) and self.where is None:
            raise ValueError("a trigger of type time without `where` can only be to everybody")
        if self.state == "scheduled" and self.schedule.dates.starts is None:
            raise ValueError("a scheduled offer needs the date on which it starts: schedule.dates.starts")
        return self

    @model_validator(mode="after")
    def _cost_is_known(self) -> "Offer":
        if self.budget is None or self.budget.unit_cost is not None:
            return self
        if self.benefit.type == "reward":
            raise ValueError("budget needs unit_cost: say what one of these rewards costs")
        if self.benefit.type == "discount_percent" and self.benefit.discount_max is None:
            raise ValueError("budget needs unit_cost, or the benefit a discount_max: else a claim has no known cost")
        return self


class OffersConfig(Items[Offer]):
    """Section `offers`."""

    def find(self, key: str) -> Offer | None:
        """The offer of this key, or None."""
        return next((offer for offer in self.root if offer.key == key), None)


class AreasConfig(Items[Area]):
    """Section `areas`."""
