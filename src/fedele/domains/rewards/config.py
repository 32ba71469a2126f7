"""Section `rewards` of the programme file: what units can be spent on, and what may be given.

A new kind is a model and its name in the union `Reward`. What no kind foresees is a `custom` reward: typed fields that
the app reads. Nothing here needs code to be added by a marketer.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter, model_validator

from fedele.domains.budgets.config import Budget
from fedele.domains.programme.types import (
    Amount,
    Country,
    CurrencyRef,
    Dates,
    Defines,
    IsoCurrency,
    Items,
    Key,
    NotNegative,
    Period,
    PlaceRef,
    Positive,
    RewardRef,
    Section,
    Text,
    TierRef,
)
from fedele.domains.rewards.custom_fields import CustomField
from fedele.kernel.vocabulary import MemberCondition

LimitPeriod: TypeAlias = Literal["day", "week", "month", "year", "lifetime"]


class Cost(Section):
    """What it takes: `{currency: points, amount: 500}`; amount 0 is for nothing, within the limits."""

    currency: CurrencyRef
    amount: NotNegative


class Price(Section):
    """Another price for some members: `{when: "'students' in member.segments", amount: 400, name: Students' price}`."""

    when: MemberCondition | None = None
    """CEL over member and now; unset: everybody (with `tiers`, everybody in them)."""
    tiers: tuple[TierRef, ...] = ()
    amount: NotNegative
    """In the currency of `cost`. Of all prices that hold, the lowest is asked."""
    name: Text | None = None
    """How the member reads why it costs this: "Gold price"."""


class Requirement(Section):
    """A condition of redeeming that the member can read: without it the reward is shown, and not given."""

    key: Key
    """The reason's code, for apps: `five-visits`."""
    when: MemberCondition
    """CEL over member and now, judged each time."""
    reason: Text
    """What the member reads while it does not hold: "After your fifth visit"."""


class Limit(Section):
    """How often one member may have it in a period of the programme's calendar: `{per: month, times_max: 2}`."""

    per: LimitPeriod
    times_max: int = Field(ge=1)


class ChoiceGroup(Section):
    """Rewards of one group are alternatives: a birthday gift *or* 250 points, once a year."""

    key: Key
    per: LimitPeriod = "lifetime"
    times_max: int = Field(default=1, ge=1)


class RewardBase(Section):
    """What every reward has."""

    key: Annotated[Key, Defines("reward")]
    name: Text
    description: Text | None = None
    terms: Text | None = None
    image: str | None = Field(default=None, pattern="^(https://|/)")
    cost: Cost | None = None
    """What it takes: `{currency: points, amount: 500}`. Unset: it is not sold, only given (by an automatic reward, an
    offer, a challenge, a draw or staff)."""
    cost_by_tier: dict[TierRef, Positive] = Field(default_factory=dict)
    """Another usual price, in the same currency, for members of some tiers."""
    prices: tuple[Price, ...] = ()
    """Better prices for some members; the lowest that holds is asked, and explained by its name."""
    dates: Dates = Dates()
    stock: int | None = Field(default=None, ge=0)
    """How many there are in all; unset: no end. Staff may add to it without a new version."""
    per_member: int | None = Field(default=None, ge=1)
    """How many one member can have in all."""
    per_member_day: int | None = Field(default=None, ge=1)
    limits: tuple[Limit, ...] = ()
    """Further limits of one member, each over a period of the calendar. Gifts do not count."""
    choice_group: ChoiceGroup | None = None
    """Rewards of the same group count together: `{key: birthday, per: year}` is one of them a year."""
    countries: tuple[Country, ...] = ()
    """ISO countries of the members who see it; none: all."""
    tiers: tuple[TierRef, ...] = ()
    """Tiers that see it; none: all."""
    when: MemberCondition | None = None
    """CEL over member and now: who sees it."""
    requires: tuple[Requirement, ...] = ()
    """What a member who sees it must fulfil besides, each with its reason in words."""
    places: tuple[PlaceRef, ...] = ()
    """Where it can be used; none: everywhere."""
    usable_for: Period = Period(days=30)
    """How long a redeemed reward can be used."""
    cancellable: bool | None = None
    """Whether the member can give it back unused. Unset: yes, unless its kind is worth something once seen (codes, gift
    cards) or is final (donations, entries, units)."""
    on_return: Literal["give_back", "keep"] = "give_back"
    """When everything comes back that it was used on: the member has it again, or it stays used."""
    category: Key | None = None
    stacking_group: Key = "standard"
    """At the till: of the discounts of one group only one is taken; different groups add up."""
    combinable: bool = True
    """Whether it may be taken together with any other discount."""
    budget: Budget | None = None
    """What all that members redeem of it may cost us; `unit_cost` says what one does. Gifts do not count."""

    @model_validator(mode="after")
    def _budget_has_a_cost(self) -> "RewardBase":
        if self.budget is not None and self.budget.unit_cost is None:
            raise ValueError("budget needs unit_cost: say what one of these rewards costs")
        return self


class DiscountAmount(RewardBase):
    """Money off the basket."""

    type: Literal["discount_amount"]
    value: Positive
    """In major units of `money`, or of the home currency."""
    money: IsoCurrency | None = None
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)


class DiscountPercent(RewardBase):
    """A share off the basket."""

    type: Literal["discount_percent"]
    percent: Decimal = Field(gt=0, le=100, max_digits=5, decimal_places=2)
    discount_max: Positive | None = None
    """At most so much money."""
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)


class FreeProduct(RewardBase):
    """One article for nothing: any of `skus`, or any of the category. With neither: any goods."""

    type: Literal["free_product"]
    skus: tuple[str, ...] = ()
    product_category: str | None = None
    value_max: Positive | None = None
    """The most that the article may cost."""
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    """What the rest of the basket must come to."""


class FreeShipping(RewardBase):
    """Delivery for nothing."""

    type: Literal["free_shipping"]
    discount_max: Positive | None = None
    """At most so much money off delivery."""
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    """Without delivery."""


class Coded(RewardBase):
    """What hands out a code: generated here, or taken from an imported pool of single-use codes."""

    codes: Literal["generated", "pool"] = "generated"
    prefix: str = Field(default="", pattern="^[A-Z0-9-]{0,12}$")
    """What generated codes begin with."""
    pool_low_at: int = Field(default=0, ge=0)
    """Operators are warned when so few codes are left in the pool."""


class VoucherCode(Coded):
    """A code to use elsewhere."""

    type: Literal["voucher_code"]
    value: Positive | None = None
    money: IsoCurrency | None = None


class GiftCard(Coded):
    """A gift card with a face value."""

    type: Literal["gift_card"]
    value: Positive
    money: IsoCurrency | None = None


class Experience(Coded):
    """A ticket to something that happens: a concert, a tasting, a class."""

    type: Literal["experience"]
    starts_at: str | None = Field(default=None, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d$")
    """Local date and time of the programme: '2026-12-04T19:30'. A ticket can be used until the end of that day."""
    venue: Text | None = None
    seats: int = Field(default=1, ge=1)


class EarlyAccess(RewardBase):
    """The right to buy or book before others."""

    type: Literal["early_access"]
    access: Key
    """What the shop asks for: the key of the sale or the drop."""
    link: str | None = Field(default=None, pattern="^(https://|/)")


class Donation(RewardBase):
    """The units go to a cause. It is final; the event `rewards.donated` tells the books."""

    type: Literal["donation"]
    cause: Key
    """Which account is to be credited."""
    value: Positive | None = None
    """What the brand gives for one, in `money` or the home currency."""
    money: IsoCurrency | None = None


class SweepstakeEntry(RewardBase):
    """A numbered entry in a draw. The draw is made once, by staff, from a seed that anybody can check."""

    type: Literal["sweepstake_entry"]
    winners: int = Field(default=1, ge=1)
    """How many entries win."""
    one_per_member: bool = True
    """Whether a member can win only once."""
    prize: RewardRef | None = None
    """The reward that winners are given; unset: told by hand."""


class PhysicalGift(RewardBase):
    """Something that is sent: the member gives an address, staff marks it sent."""

    type: Literal["physical_gift"]
    ships_to: tuple[Country, ...] = ()
    """Countries it can be sent to; none: all."""


class UnitsReward(RewardBase):
    """Units of a currency, at once: the 250 points of "a gift or 250 points"."""

    type: Literal["units"]
    gives: Amount


class Custom(RewardBase):
    """Anything else, by typed fields that the app shows or hands on."""

    type: Literal["custom"]
    fields: dict[Key, CustomField] = Field(default_factory=dict)


Reward = Annotated[
    DiscountAmount
    | DiscountPercent
    | FreeProduct
    | FreeShipping
    | VoucherCode
    | GiftCard
    | Experience
    | EarlyAccess
    | Donation
    | SweepstakeEntry
    | PhysicalGift
    | UnitsReward
    | Custom,
    Field(discriminator="type"),
]


_READ: TypeAdapter[Reward] = TypeAdapter(Reward)
# What matters only until a reward is taken: who may have it, how often, for what.
_OFFER_FIELDS = frozenset(
    {"cost", "cost_by_tier", "prices", "dates", "stock", "per_member", "per_member_day", "limits", "choice_group",
     "countries", "tiers", "when", "requires", "usable_for", "pool_low_at"}
)  # fmt: skip


def terms_of(reward: Reward) -> dict[str, Any]:
    """What a reward promises to who has taken it, as JSON: kept with the redemption, whatever the programme becomes."""
    return reward.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=set(_OFFER_FIELDS))


def read_terms(terms: Mapping[str, Any]) -> Reward:
    """The reward that `terms_of` wrote, without price and conditions."""
    return _READ.validate_python(terms)


class RewardsConfig(Items[Reward]):
    """Section `rewards`."""

    def find(self, key: str) -> "Reward | None":
        """The reward of this key, or None."""
        return next((reward for reward in self.root if reward.key == key), None)

    @model_validator(mode="after")
    def _one_meaning_a_group(self) -> "RewardsConfig":
        seen: dict[str, ChoiceGroup] = {}
        for reward in self.root:
            group = reward.choice_group
            if group is not None and seen.setdefault(group.key, group) != group:
                raise ValueError(f"choice_group '{group.key}' of '{reward.key}' has another limit than before")
        return self

    @model_validator(mode="after")
    def _priced_where_needed(self) -> "RewardsConfig":
        for reward in self.root:
            if reward.cost is None and (reward.prices or reward.cost_by_tier):
                raise ValueError(f"'{reward.key}' has other prices, but no cost that names their currency")
        return self
