"""Section `rewards` of the programme file: what units can be spent on.

A new kind is a model and its name in the union `Reward`.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from fedele.domains.programme.types import (
    Amount,
    Country,
    Dates,
    Defines,
    IsoCurrency,
    Items,
    Key,
    Period,
    PlaceRef,
    Positive,
    Section,
    Text,
    TierRef,
)
from fedele.kernel.vocabulary import MemberCondition


class RewardBase(Section):
    """What every reward has."""

    key: Annotated[Key, Defines("reward")]
    name: Text
    description: Text | None = None
    terms: Text | None = None
    image: str | None = Field(default=None, pattern="^(https://|/)")
    cost: Amount
    """What it takes: `{currency: points, amount: 500}`."""
    cost_by_tier: dict[TierRef, Positive] = Field(default_factory=dict)
    """Another price, in the same currency, for members of some tiers."""
    dates: Dates = Dates()
    stock: int | None = Field(default=None, ge=0)
    """How many there are in all; unset: no end."""
    per_member: int | None = Field(default=None, ge=1)
    """How many one member can have in all."""
    per_member_day: int | None = Field(default=None, ge=1)
    countries: tuple[Country, ...] = ()
    """ISO countries of the members who see it; none: all."""
    tiers: tuple[TierRef, ...] = ()
    """Tiers that see it; none: all."""
    when: MemberCondition | None = None
    """CEL over member and now: who sees it."""
    places: tuple[PlaceRef, ...] = ()
    """Where it can be used; none: everywhere."""
    usable_for: Period = Period(days=30)
    """How long a redeemed reward can be used."""
    category: Key | None = None
    stacking_group: Key = "standard"
    """Of one group a basket takes one discount; those of different groups combine."""
    combinable: bool = True
    """Whether another discount may stand beside this one."""


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
    """One article for nothing: any of `skus`, or any of the category."""

    type: Literal["free_product"]
    skus: tuple[str, ...] = ()
    product_category: str | None = None
    value_max: Positive | None = None
    """The most that the article may cost."""


class VoucherCode(RewardBase):
    """A code to use elsewhere: generated here, or taken from an imported pool."""

    type: Literal["voucher_code"]
    codes: Literal["generated", "pool"] = "generated"
    prefix: str = Field(default="", pattern="^[A-Z0-9-]{0,12}$")
    value: Positive | None = None
    money: IsoCurrency | None = None


Reward = Annotated[DiscountAmount | DiscountPercent | FreeProduct | VoucherCode, Field(discriminator="type")]


class RewardsConfig(Items[Reward]):
    """Section `rewards`."""

    def find(self, key: str) -> "Reward | None":
        """The reward of this key, or None."""
        return next((reward for reward in self.root if reward.key == key), None)
