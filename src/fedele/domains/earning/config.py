"""Section `earning` of the programme file: which purchases and events are worth what.

A rule is a frozen model plus its name in the union `Rule`; the union is registry, validator and JSON Schema.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedele.domains.budgets.config import Budget, Percent
from fedele.domains.programme.types import (
    CurrencyRef,
    Dates,
    Defines,
    Key,
    Positive,
    Section,
    Text,
    WeeklyWindow,
)
from fedele.kernel.vocabulary import EventAmount, EventCondition, LineCondition

Excluded = Literal["tax", "gift_card", "delivery", "fee", "donation", "service", "paid_in_points"]
CapPeriod = Literal["transaction", "day", "week", "month", "quarter", "year", "membership_year", "lifetime"]
Conflict = Literal["best", "sum", "first"]
NOT_EARNING: tuple[Excluded, ...] = ("tax", "gift_card", "delivery", "fee", "donation", "paid_in_points")


class Cap(Section):
    """At most so many units per period of the programme's calendar: `{per: day, amount: 500, over: partial}`."""

    per: CapPeriod
    """`transaction` is one purchase or event; `membership_year` begins on the day of joining; the rest are calendar
    periods in the programme's time zone."""
    amount: Positive
    over: Literal["partial", "reject"] = "partial"
    """An award that does not fit: give what still fits, or nothing of it."""


class CurrencyCap(Cap):
    """A cap over everything a member earns of one currency, after the caps of the rules."""

    currency: CurrencyRef


class ActivatesOn(Section):
    """Units can be spent from one date on: `{month: 3, day: 1, years: 1}` is 1 March of the year after the earning.

    With `years: 0` it is the next such date. 29 February is the 28th in common years.
    """

    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    years: int = Field(default=1, ge=0, le=10)

    @model_validator(mode="after")
    def _exists(self) -> "ActivatesOn":
        date(2024, self.month, self.day)  # a leap year: 29 February is allowed
        return self


class RuleBase(Section):
    """What every rule has."""

    key: Annotated[Key, Defines("rule")]
    name: Text
    """How members read it among the ways to earn, and in Explain."""
    description: Text | None = None
    currency: CurrencyRef
    dates: Dates = Dates()
    windows: tuple[WeeklyWindow, ...] = ()
    """Local hours of the week during which it holds, in the programme's time zone; none: always."""
    caps: tuple[Cap, ...] = ()
    budget: Budget | None = None
    """What it may cost all members together, units counted at their worth: an award that does not fit is not given."""
    margin_floor: Percent | None = None
    """Of the lines it counts, so much must be left after the goods' cost and the award; not known means no award."""
    group: Key | None = None
    """Rules of one group conflict; `earning.groups` says who wins. Rules without a group add up."""
    pending_days: int | None = Field(default=None, ge=0, le=400)
    """Days until the units can be spent; unset: `earning.pending_days`."""
    activates_on: ActivatesOn | None = None
    """A date from which the units can be spent, instead of `pending_days`: a yearly dividend."""
    cooldown_hours: int = Field(default=0, ge=0, le=24 * 366)
    """Hours after an award during which the rule gives nothing more to that member."""
    times_max: int | None = Field(default=None, ge=1)
    """How often a member can have it in a lifetime: 1 for a welcome bonus."""
    tier_multiplier: bool = True
    """Whether the tier's multiplier is applied."""
    listed: bool = True
    """Whether members see it among the ways to earn."""

    @model_validator(mode="after")
    def _waits_in_one_way(self) -> "RuleBase":
        if self.activates_on is not None and self.pending_days is not None:
            raise ValueError("give pending_days or activates_on, not both")
        return self


class PurchaseMultiplier(RuleBase):
    """So many units for every so much money spent: `{amount: 1, per: 1.00, multiplier: 2}`, line by line.

    Every eligible line whose condition holds brings line amount × amount ÷ per × multiplier × tier multiplier,
    exactly; the result is rounded once, at `rounding_point`, as the currency says.
    """

    type: Literal["purchase_multiplier"]
    amount: Positive = Decimal(1)
    """Units for every `per` of money."""
    per: Positive = Decimal(1)
    """Money in major units of the home currency."""
    multiplier: Positive = Decimal(1)
    when: LineCondition | None = None
    """CEL over line, purchase, member, now: which lines count. Unset: all that are not excluded."""
    excludes: tuple[Excluded, ...] = NOT_EARNING
    """Money that earns nothing."""
    rounding_point: Literal["line", "order", "balance"] = "order"
    """`line`: each line by itself. `order`: once a purchase. `balance`: what a purchase leaves below a whole unit is
    carried to the member's next one, so that nothing is ever lost (kept to a millionth of a unit)."""
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    """Eligible money of the whole purchase below which the rule gives nothing."""


class PurchaseFixed(RuleBase):
    """A fixed number of units: `{amount: 1, for: unit}` is a stamp for every drink.

    Only lines count that were really paid: one that a reward, a discount or points pay for brings nothing.
    """

    type: Literal["purchase_fixed"]
    amount: Positive = Decimal(1)
    """Units for each."""
    each: Literal["unit", "line", "purchase"] = Field(default="purchase", alias="for")
    """`unit`: times the line's whole quantity; `line`: once a line that counts; `purchase`: once."""
    when: LineCondition | None = None
    """CEL over line, purchase, member, now: which lines count. Unset: all that are not excluded."""
    excludes: tuple[Excluded, ...] = NOT_EARNING
    """Money that earns nothing."""
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    """Eligible money of the whole purchase below which the rule gives nothing."""
    tier_multiplier: bool = False


class EventAward(RuleBase):
    """Units for something a member did: a ride, a visit, a review, a birthday."""

    type: Literal["event_award"]
    event: str = Field(pattern=r"^[a-z][a-z0-9_.]{0,62}$")
    """The event's name, as the app or the till reports it."""
    when: EventCondition | None = None
    """CEL over event, member, now."""
    amount: EventAmount
    """A number, or CEL: `event.properties.minutes * 2`."""
    tier_multiplier: bool = False


PurchaseRule = PurchaseMultiplier | PurchaseFixed
Rule = Annotated[PurchaseMultiplier | PurchaseFixed | EventAward, Field(discriminator="type")]


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
