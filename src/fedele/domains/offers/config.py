"""Section `offers` of the programme file: what is offered to whom, when, where and under which sky."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.budgets.config import Budget, Percent, Targets
from fedele.domains.programme.types import (
    CurrencyRef,
    Dates,
    Defines,
    Items,
    Key,
    PlaceRef,
    Positive,
    RewardRef,
    Section,
    Text,
    TierRef,
    WeeklyWindow,
)
from fedele.kernel.vocabulary import LineCondition, MemberCondition, WeatherCondition


class Audience(Section):
    """Who may have it. Nothing set: everybody."""

    when: MemberCondition | None = None
    """CEL over member and now."""
    tiers: tuple[TierRef, ...] = ()
    segments: tuple[Key, ...] = ()


class Schedule(Section):
    """When it is open: between two dates, and within one of the weekly windows if there are any."""

    dates: Dates = Dates()
    windows: tuple[WeeklyWindow, ...] = ()
    local_to: Literal["place", "member", "programme"] = "place"
    """Whose clock the windows follow; `place` falls back to the programme's where there is no place."""
    opening_hours: bool = False
    """Only while the place is open."""


class Circle(Section):
    """A circle on the map."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    radius_metres: int = Field(ge=100, le=50_000)


class Where(Section):
    """Places that trigger it. The member must be within the radius of one of them."""

    places: tuple[PlaceRef, ...] | Literal["all"] = ()
    """Keys of places, or `all`."""
    radius_metres: int | None = Field(default=None, ge=100, le=50_000)
    """Instead of each place's own radius."""
    circles: tuple[Circle, ...] = ()
    needed_to: Literal["see", "claim"] = "see"
    """Whether a member elsewhere (or without a position) does not see it, or sees it and cannot claim it yet."""


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


class Offer(Section):
    """One offer."""

    key: Annotated[Key, Defines("offer")]
    state: Literal["draft", "live", "ended"] = "live"
    audience: Audience = Audience()
    schedule: Schedule = Schedule()
    where: Where | None = None
    """Unset: anywhere."""
    weather: WeatherCondition | None = None
    """CEL over weather and now; not known means no."""
    limits: Limits = Limits()
    budget: Budget | None = None
    """What it may cost. A claim reserves, a sale uses; when it is gone the offer ends, hard."""
    margin_floor: Percent | None = None
    """Of the lines that count, so much must be left after the goods' cost and the offer's own; not known means no."""
    targets: Targets = Targets()
    benefit: Benefit
    creative: Creative
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
    """Whether the member activates it, or it counts by itself."""

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
