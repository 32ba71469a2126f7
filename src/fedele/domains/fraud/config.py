"""Section `fraud` of the programme file: what counts as unusual, and what follows."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.programme.types import Defines, Items, Key, Section


class FraudRuleBase(Section):
    """What every rule has."""

    key: Annotated[Key, Defines("fraud rule")]
    then: Literal["review", "block"] = "review"
    """`review`: a person looks. `block`: besides, nothing of the member's can be spent until somebody has."""


class VelocityRule(FraudRuleBase):
    """Too much in too short a time: `{key: busy-card, type: velocity, counts: purchases, hours: 1, max: 6}`."""

    type: Literal["velocity"]
    counts: Literal["purchases", "returns", "spend", "units_spent", "members"]
    """`spend`: money in major units of the home currency. `units_spent`: units that paid. `members`: different ones."""
    by: Literal["member", "store", "attribute"] = "member"
    """Whose are counted together: the member's own, all of the store, or all with the same value of `attribute`."""
    attribute: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")
    """The purchase's attribute that tells it: `till`, `cashier`, `card_fingerprint`. Purchases without it count not."""
    hours: int = Field(ge=1, le=24 * 92)
    max: Decimal = Field(ge=0)
    """More than this within the hours is a suspicion."""

    @model_validator(mode="after")
    def _makes_sense(self) -> "VelocityRule":
        if (self.by == "attribute") != (self.attribute is not None):
            raise ValueError("`attribute` names what is counted by; give it with `by: attribute`, and only then")
        if self.counts == "members" and self.by == "member":
            raise ValueError("`counts: members` needs `by: store` or `by: attribute`: a member is only one")
        if self.counts in ("returns", "spend", "units_spent") and self.by != "member":
            raise ValueError(f"`counts: {self.counts}` is counted by member: leave `by` out")
        return self


class TravelRule(FraudRuleBase):
    """Two shops too far apart for the time between: `{key: far, type: travel, kilometres_per_hour_max: 150}`."""

    type: Literal["travel"]
    kilometres_per_hour_max: float = Field(gt=0, le=2_000)
    kilometres_min: float = Field(default=5.0, ge=0)
    """Nearer than this is the same neighbourhood, whatever the clocks of two tills say."""


FraudRule = Annotated[VelocityRule | TravelRule, Field(discriminator="type")]


class FraudConfig(Items[FraudRule]):
    """Section `fraud`: a list of rules. None: nothing is suspected."""
