"""Section `earning` of the programme file: which purchases and events are worth what.

A rule is a frozen model plus its name in the union `Rule`; the union is registry, validator and JSON Schema.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from fedele.domains.programme.types import (
    CurrencyRef,
    Dates,
    Defines,
    Key,
    Positive,
    Section,
    Text,
)
from fedele.kernel.vocabulary import EventAmount, EventCondition, LineCondition

Excluded = Literal["tax", "gift_card", "delivery", "fee", "donation", "service", "paid_in_points"]
CapPeriod = Literal["transaction", "day", "week", "month", "year", "lifetime"]
Conflict = Literal["best", "sum", "first"]


class Cap(Section):
    """At most so many units per period of the programme's calendar: `{per: day, amount: 500, over: partial}`."""

    per: CapPeriod
    """`transaction` is one purchase or event; the rest are calendar periods in the programme's time zone."""
    amount: Positive
    over: Literal["partial", "reject"] = "partial"
    """An award that does not fit: give what still fits, or nothing of it."""


class CurrencyCap(Cap):
    """A cap over everything a member earns of one currency, after the caps of the rules."""

    currency: CurrencyRef


class RuleBase(Section):
    """What every rule has."""

    key: Annotated[Key, Defines("rule")]
    name: Text
    """How members read it among the ways to earn, and in Explain."""
    description: Text | None = None
    currency: CurrencyRef
    dates: Dates = Dates()
    caps: tuple[Cap, ...] = ()
    group: Key | None = None
    """Rules of one group conflict; `earning.groups` says who wins. Rules without a group add up."""
    pending_days: int | None = Field(default=None, ge=0, le=400)
    """Days until the units can be spent; unset: `earning.pending_days`."""
    tier_multiplier: bool = True
    """Whether the tier's multiplier is applied."""
    listed: bool = True
    """Whether members see it among the ways to earn."""


class PurchaseMultiplier(RuleBase):
    """So many units for every so much money spent: `{amount: 1, per: 1.00, multiplier: 2}`, line by line.

    Every eligible line whose condition holds brings line amount × amount ÷ per × multiplier × tier multiplier,
    exactly; the result is rounded once, per line or per order, as the currency says.
    """

    type: Literal["purchase_multiplier"]
    amount: Positive = Decimal(1)
    """Units for every `per` of money."""
    per: Positive = Decimal(1)
    """Money in major units of the home currency."""
    multiplier: Positive = Decimal(1)
    when: LineCondition | None = None
    """CEL over line, purchase, member, now: which lines count. Unset: all that are not excluded."""
    excludes: tuple[Excluded, ...] = ("tax", "gift_card", "delivery", "fee", "donation", "paid_in_points")
    """Money that earns nothing."""
    rounding_point: Literal["line", "order"] = "order"
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    """Eligible money of the whole purchase below which the rule gives nothing."""


class EventAward(RuleBase):
    """Units for something a member did: a ride, a visit, a review, a birthday."""

    type: Literal["event_award"]
    event: str = Field(pattern=r"^[a-z][a-z0-9_.]{0,62}$")
    """The event's name, as the app or the till reports it."""
    when: EventCondition | None = None
    """CEL over event, member, now."""
    amount: EventAmount
    """A number, or CEL: `event.properties.minutes * 2`."""
    cooldown_hours: int = Field(default=0, ge=0, le=24 * 366)
    """Hours after an award during which the rule gives nothing more to that member."""
    times_max: int | None = Field(default=None, ge=1)
    """How often a member can have it in a lifetime: 1 for a welcome bonus."""
    tier_multiplier: bool = False


Rule = Annotated[PurchaseMultiplier | EventAward, Field(discriminator="type")]


class EarningConfig(Section):
    """Section `earning`."""

    rules: tuple[Rule, ...] = ()
    """In order; the order matters to groups with conflict `first`."""
    groups: dict[Key, Conflict] = Field(default_factory=dict)
    """Per group of rules, decided line by line: `best` takes the rule that gives most, `first` the first that holds,
    `sum` all of them."""
    caps: tuple[CurrencyCap, ...] = ()
    """Over all rules of a currency."""
    pending_days: int = Field(default=0, ge=0, le=400)
    """Days until earned units can be spent: the return window. 0: at once."""

    def conflict(self, group: str | None) -> Conflict:
        """How rules of this group are combined."""
        return self.groups.get(group, "best") if group else "sum"
