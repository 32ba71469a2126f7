"""Section `tiers` of the programme file: what qualifies, for how long, and what each tier brings."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.programme.types import (
    Colour,
    CurrencyRef,
    Defines,
    Key,
    NotNegative,
    Period,
    Positive,
    Section,
    Text,
)


class SpendCounter(Section):
    """Money spent on what earns, after returns, in the home currency."""

    type: Literal["spend"] = "spend"


class EarnedCounter(Section):
    """Units earned of one currency; spending them does not lower it, returns do."""

    type: Literal["earned"]
    currency: CurrencyRef


class VisitsCounter(Section):
    """Purchases on different days."""

    type: Literal["visits"]


Counter = Annotated[SpendCounter | EarnedCounter | VisitsCounter, Field(discriminator="type")]


class RollingWindow(Section):
    """What was counted in the last so many months.

    Without `kept` a tier lasts while the count suffices. With `kept: {months: 12}` it lasts so long from the day on
    which it was reached; then it is judged again, and lasts as long once more if the last months suffice.
    """

    type: Literal["rolling"] = "rolling"
    months: int = Field(default=12, ge=1, le=120)
    kept: Period | None = None
    """How long a tier lasts from the day on which it was reached or renewed; unset: while the count suffices."""

    @model_validator(mode="after")
    def _lasts(self) -> "RollingWindow":
        if self.kept == Period():
            raise ValueError("kept must be longer than nothing: {months: 12}, or leave it out")
        return self


class CalendarWindow(Section):
    """What was counted since 1 January; a tier lasts to the end of the next year."""

    type: Literal["calendar_year"]
    kept_years: int = Field(default=1, ge=0, le=5)
    """Calendar years after the year of qualifying during which the tier is kept."""


class AnniversaryWindow(Section):
    """What was counted since the last anniversary of joining: the count begins anew with each membership year."""

    type: Literal["anniversary"]
    kept_years: int = Field(default=1, ge=0, le=5)
    """Membership years after the year of qualifying during which the tier is kept."""


Window = Annotated[RollingWindow | CalendarWindow | AnniversaryWindow, Field(discriminator="type")]


class Benefit(Section):
    """One thing a tier brings, in words."""

    key: Key
    text: Text


class Tier(Section):
    """One level. The lowest begins at threshold 0 and is everybody's."""

    key: Annotated[Key, Defines("tier")]
    name: Text
    threshold: NotNegative
    """From which value of the counter on: money in major units, or units of the currency."""
    multiplier: Positive = Decimal(1)
    """On every award whose rule allows it."""
    benefits: tuple[Benefit, ...] = ()
    colour: Colour | None = None


class TiersConfig(Section):
    """Section `tiers`. Upgrades come at once; downgrades after the window and a grace period."""

    counter: Counter = SpendCounter()
    window: Window = RollingWindow()
    grace: Period = Period()
    """How long a tier is kept after it is no longer earned."""
    on_return: Literal["demote", "keep"] = "demote"
    """When a return takes back what a tier was reached with: `demote` at once, or `keep` the tier to its end."""
    levels: tuple[Tier, ...] = ()
    """From the lowest to the highest."""

    @model_validator(mode="after")
    def _rising(self) -> "TiersConfig":
        if self.levels and self.levels[0].threshold != 0:
            raise ValueError(f"the lowest tier '{self.levels[0].key}' must have threshold 0: everybody is in it")
        for lower, higher in zip(self.levels, self.levels[1:], strict=False):
            if higher.threshold <= lower.threshold:
                raise ValueError(
                    f"thresholds must rise: '{higher.key}' ({higher.threshold}) is not above "
                    f"'{lower.key}' ({lower.threshold})"
                )
        return self

    def level(self, counted: Decimal) -> Tier | None:
        """The highest tier whose threshold is reached; None in a programme without tiers."""
        reached = [tier for tier in self.levels if tier.threshold <= counted]
        return reached[-1] if reached else None

    def get(self, key: str) -> Tier:
        """The tier of this key. Raises KeyError."""
        for tier in self.levels:
            if tier.key == key:
                return tier
        raise KeyError(key)

    def next_after(self, key: str | None) -> Tier | None:
        """The tier above this one, if there is one."""
        keys = [tier.key for tier in self.levels]
        above = keys.index(key) + 1 if key in keys else 0
        return self.levels[above] if above < len(self.levels) else None
