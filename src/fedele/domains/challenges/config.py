"""Sections `challenges`, `streaks`, `badges` and `surprises` of the programme file.

A new kind of goal is a model and its name in the union `Goal`.
"""

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from fedele.domains.earning.config import Excluded
from fedele.domains.prizes.config import OnReturn, Prize
from fedele.domains.programme.types import Dates, Defines, Items, Key, Positive, Refers, Section, Text
from fedele.kernel.vocabulary import EventAmount, EventCondition, LineCondition, MemberCondition, PurchaseCondition

BadgeRef = Annotated[str, Refers("badge")]
EventName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,62}$")]
Calendar: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
Joining: TypeAlias = Literal["automatic", "opt_in"]
NOT_SPEND: tuple[Excluded, ...] = ("tax", "gift_card", "delivery", "fee", "donation")


class Badge(Section):
    """A sign of something reached: once, with its date. `member.badges` holds the keys for conditions."""

    key: Annotated[Key, Defines("badge")]
    name: Text
    description: Text | None = None
    image: str | None = Field(default=None, pattern="^(https://|/)")


class Award(Prize):
    """What a step gives: units, a reward to hold, a badge, or several of them."""

    badge: BadgeRef | None = None

    def _is_empty(self) -> bool:
        return super()._is_empty() and self.badge is None


class GoalBase(Section):
    """What every goal has. `target`: how much of it is asked for, in the goal's own measure."""

    target: Positive = Decimal(1)


class Purchases(GoalBase):
    """So many purchases. One that comes back whole, or falls below the minimum, no longer counts."""

    type: Literal["purchases"]
    minimum_spend: Decimal = Field(default=Decimal(0), ge=0)
    """In the home currency, without tax, gift cards, delivery, fees and donations."""
    when: PurchaseCondition | None = None


class Spend(GoalBase):
    """So much money, in major units of the home currency: `{type: spend, target: 100, when: "line.brand == 'X'"}`."""

    type: Literal["spend"]
    when: LineCondition | None = None
    excludes: tuple[Excluded, ...] = NOT_SPEND


class Units(GoalBase):
    """So many pieces (kilograms, litres) of the products that the condition names."""

    type: Literal["units"]
    when: LineCondition | None = None


class Distinct(GoalBase):
    """So many different ones: five departments, three stores, four brands."""

    type: Literal["distinct"]
    of: Literal["department", "category", "brand", "sku", "store"]
    when: LineCondition | None = None


class Visits(GoalBase):
    """So many different days (of the programme's calendar) on which the member bought, or did one of `events`."""

    type: Literal["visits"]
    events: tuple[EventName, ...] = ()
    """Events that are a visit too: [check_in]."""
    purchases: bool = True


class Events(GoalBase):
    """So many events of this name: rides, reviews, check-ins."""

    type: Literal["events"]
    event: EventName
    when: EventCondition | None = None


class EventTotal(GoalBase):
    """So much of something that events tell: `{type: event_total, event: ride, amount: event.properties.km}`."""

    type: Literal["event_total"]
    event: EventName
    when: EventCondition | None = None
    amount: EventAmount


Goal = Annotated[
    Purchases | Spend | Units | Distinct | Visits | Events | EventTotal,
    Field(discriminator="type"),
]


class Countable(Section):
    """What challenges and streaks share."""

    name: Text
    description: Text | None = None
    image: str | None = Field(default=None, pattern="^(https://|/)")
    dates: Dates = Dates()
    """What happens outside them does not count."""
    joining: Joining = "automatic"
    """`opt_in`: only for members who joined it, from then on."""
    counts_from: Literal["joining", "start"] = "joining"
    """With opt_in: whether what the member did before joining counts, as far as dates and period reach."""
    when: MemberCondition | None = None
    """CEL over member and now: for whom it is, judged when something is counted."""
    on_return: OnReturn = "revoke"
    """What becomes of an award when a return undoes what it was given for."""
    listed: bool = True
    """Whether members see it before it is reached. A hidden one surprises."""


class ChallengeStep(Section):
    """A milestone on the way."""

    at: Positive
    """Progress at which it is reached, in the goal's measure."""
    name: Text | None = None
    award: Award


class Challenge(Countable):
    """Do so much of this, within that time, and get something for it."""

    key: Annotated[Key, Defines("challenge")]
    goal: Goal
    per: Calendar | None = None
    """Begins anew with every period of the programme's calendar."""
    days_from_joining: int | None = Field(default=None, ge=1, le=3_660)
    """Lasts so many days from joining it; if automatic, from joining the programme."""
    steps: tuple[ChallengeStep, ...] = Field(default=(), max_length=20)
    award: Award | None = None
    """For the target itself."""
    times_max: int | None = Field(default=1, ge=1)
    """How often it can be completed in one period; null: without end. Progress beyond the target goes on counting."""

    @model_validator(mode="after")
    def _fits_together(self) -> "Challenge":
        if self.per is not None and self.days_from_joining is not None:
            raise ValueError("`per` and `days_from_joining` exclude each other")
        places = [step.at for step in self.steps]
        if places != sorted(set(places)) or any(place >= self.goal.target for place in places):
            raise ValueError("steps go upwards and stay below the goal's target; `award` is for the target itself")
        if self.award is None and not self.steps:
            raise ValueError("nothing is given: set `award`, or `steps` with awards")
        if isinstance(self.goal, Distinct | Visits) and self.times_max != 1:
            raise ValueError("different things are counted once: `times_max` is 1 for distinct and visits")
        return self


class StreakStep(Section):
    """A length that brings something."""

    at: int = Field(ge=1, le=10_000)
    """Periods in a row."""
    again: bool = False
    """Again for every further `at` periods of the same streak: 4, 8, 12."""
    once: bool = False
    """Once in a lifetime, however many streaks reach it."""
    name: Text | None = None
    award: Award


class Freezes(Section):
    """Freezes keep a streak alive through a period that was missed; the streak does not grow by it."""

    start: int = Field(default=0, ge=0, le=100)
    """How many every streak begins with."""
    every: int | None = Field(default=None, ge=1)
    """One more for so many kept periods."""
    held_max: int = Field(default=2, ge=0, le=100)


class Streak(Countable):
    """Do it in every period, one after the other: `{every: week, goal: {type: purchases}}`."""

    key: Annotated[Key, Defines("streak")]
    every: Literal["day", "week", "month"]
    """Periods of the programme's calendar; weeks begin on Monday."""
    goal: Goal
    """What one period asks for; its `target` is 1 unless said."""
    grace: int = Field(default=0, ge=0, le=100)
    """So many missed periods one after the other are forgiven without a freeze."""
    freezes: Freezes = Freezes()
    steps: tuple[StreakStep, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _steps_differ(self) -> "Streak":
        places = [step.at for step in self.steps]
        if places != sorted(set(places)):
            raise ValueError("steps go upwards, each length once")
        return self


class SurpriseBase(Section):
    """An award by chance. The draw follows from the seed, the member and the event: it can be done again and shown."""

    key: Annotated[Key, Defines("surprise")]
    name: Text
    probability: Decimal = Field(gt=0, le=1, max_digits=10, decimal_places=9)
    """0.05 is one in twenty."""
    seed: str = Field(default="", max_length=100)
    """Another seed gives other winners."""
    per_day_max: int = Field(ge=1)
    """The day's budget: so many awards over all members, by the programme's calendar."""
    per_member_max: int | None = Field(default=None, ge=1)
    """How many one member can have in all."""
    dates: Dates = Dates()
    award: Award
    on_return: OnReturn = "revoke"
    """What becomes of it when the whole purchase comes back."""


class PurchaseSurprise(SurpriseBase):
    """After a purchase."""

    type: Literal["purchase"]
    when: PurchaseCondition | None = None


class EventSurprise(SurpriseBase):
    """After an event."""

    type: Literal["event"]
    event: EventName
    when: EventCondition | None = None


Surprise = Annotated[PurchaseSurprise | EventSurprise, Field(discriminator="type")]


class ChallengesConfig(Items[Challenge]):
    """Section `challenges`."""

    def find(self, key: str) -> Challenge | None:
        """The challenge of this key, or None."""
        return next((challenge for challenge in self.root if challenge.key == key), None)


class StreaksConfig(Items[Streak]):
    """Section `streaks`."""

    def find(self, key: str) -> Streak | None:
        """The streak of this key, or None."""
        return next((streak for streak in self.root if streak.key == key), None)


class BadgesConfig(Items[Badge]):
    """Section `badges`."""

    def find(self, key: str) -> Badge | None:
        """The badge of this key, or None."""
        return next((badge for badge in self.root if badge.key == key), None)


class SurprisesConfig(Items[Surprise]):
    """Section `surprises`."""
