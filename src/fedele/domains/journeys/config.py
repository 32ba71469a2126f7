"""Section `journeys` of the programme file: who enters, the steps, what ends it, and what becomes of those inside.

A new kind of trigger or step is a model and its name in the union `Trigger` or `Step`, and a line in `path.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from fedele.domains.prizes.config import Prize
from fedele.domains.programme.types import (
    ClockTime,
    CurrencyRef,
    Dates,
    Defines,
    Items,
    Key,
    Refers,
    RewardRef,
    Section,
    SurveyRef,
    Text,
    Weekday,
)
from fedele.domains.segments.config import SegmentRef
from fedele.kernel.vocabulary import EventCondition, MemberCondition

END = "end"
"""The word that every `go` may name instead of a step."""
MessageRef = Annotated[str, Refers("message")]
OfferRef = Annotated[str, Refers("offer")]
StepRef = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
EventName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,62}$")]
"""`purchase`, `return`, an activity event's own name (`check_in`), or what a room announces (`rewards.redeemed`)."""


class Happening(Section):
    """Something that happens to the member: `{event: purchase, when: "event.properties.amount > 20.0"}`.

    `event.properties` of a purchase: amount, currency, store, channel, items, departments, categories, skus.
    """

    event: EventName
    when: EventCondition | None = None


class EventTrigger(Happening):
    """Enters when it happens: `{type: event, event: member.enrolled}`."""

    type: Literal["event"]


class SegmentTrigger(Section):
    """Enters when the member comes into the segment, or goes out of it."""

    type: Literal["segment"]
    segment: SegmentRef
    on: Literal["entry", "exit"] = "entry"


class DateTrigger(Section):
    """Enters on a day of the member's own, or on one day of the calendar: `{type: date, of: birthday, days_before: 3}`.

    `expiry`: units of the member expire then; told once for each such day, as soon as it is so near.
    """

    type: Literal["date"]
    of: Literal["birthday", "joining", "expiry"] | None = None
    on: date | None = None
    days_before: int = Field(default=0, ge=0, le=366)
    at: ClockTime | None = None
    """Time of day in the member's time zone; unset: as that day begins."""
    currency: CurrencyRef | None = None
    """With expiry: only units of this currency."""

    @model_validator(mode="after")
    def _one_day(self) -> "DateTrigger":
        if (self.of is None) == (self.on is None):
            raise ValueError("name a day: `of: birthday` (or joining, expiry), or `on: 2026-12-01`; one of the two")
        if self.currency is not None and self.of != "expiry":
            raise ValueError("`currency` belongs to `of: expiry`")
        return self


class InactivityTrigger(Section):
    """Enters when the last purchase is so many days ago: once for each time of silence.

    Who has been silent for longer than `days_max` is left alone: by default a week longer, so that a new journey does
    not write to everybody who ever left.
    """

    type: Literal["inactivity"]
    days: int = Field(ge=1, le=3_660)
    days_max: int | None = Field(default=None, ge=1, le=36_600)

    @model_validator(mode="after")
    def _in_order(self) -> "InactivityTrigger":
        if self.days_max is not None and self.days_max < self.days:
            raise ValueError(f"`days_max` is not less than `days`, which is {self.days}")
        return self

    @property
    def until_days(self) -> int:
        """The longest silence that still enters."""
        return self.days_max if self.days_max is not None else self.days + 7


class SequenceTrigger(Section):
    """Enters when so much happened within some days, and something else did not.

    `{type: sequence, event: visit, count: 2, days: 7, without: [rewards.redeemed]}`. A `visit` is a day with a
    purchase or a check_in; of what rooms announce, only rewards.redeemed can be counted.
    """

    type: Literal["sequence"]
    event: EventName
    count: int = Field(ge=1, le=1_000)
    days: int = Field(ge=1, le=400)
    without: tuple[EventName, ...] = ()

    @model_validator(mode="after")
    def _countable(self) -> "SequenceTrigger":
        for place, name in ((("event",), self.event), *((("without", n), w) for n, w in enumerate(self.without))):
            if "." in name and name != "rewards.redeemed":
                raise mistakes((place, f"'{name}' keeps no history: count purchase, visit, return, rewards.redeemed "
                                       "or an activity event", name))  # fmt: skip
        return self


Trigger = Annotated[
    EventTrigger | SegmentTrigger | DateTrigger | InactivityTrigger | SequenceTrigger, Field(discriminator="type")
]


class StepBase(Section):
    """What every step has. Steps follow each other as written, unless `go` says otherwise."""

    key: Key
    """Names the step within its journey, for ever: members who wait at it are found by it."""
    go: StepRef | None = None
    """The step that follows; `end` ends the journey. Unset: the next one in the file."""


class Send(StepBase):
    """Say something, by a template of `messages`; whether it may be said now is the governor's."""

    type: Literal["send"]
    message: MessageRef


class Wait(StepBase):
    """Wait: a length of time, until a time of day, until something happens, or these together.

    `{days: 3, at: "10:00"}`: the first ten o'clock that comes three days later, on the member's clock. Days are
    calendar days: over a change of the clocks the time of day stays. With `until` the length is how long it is waited
    for.
    """

    type: Literal["wait"]
    minutes: int = Field(default=0, ge=0, le=100_000)
    hours: int = Field(default=0, ge=0, le=10_000)
    days: int = Field(default=0, ge=0, le=3_660)
    at: ClockTime | None = None
    on: tuple[Weekday, ...] = ()
    """Days of the week: `[sat, sun]`."""
    until: Happening | None = None
    on_event: StepRef | None = None
    """With `until`: where it goes on when that happened. Unset: as `go` says."""

    @model_validator(mode="after")
    def _waits_for_something(self) -> "Wait":
        if not (self.minutes or self.hours or self.days or self.at is not None or self.on):
            raise ValueError(
                "how long? Set `minutes`, `hours`, `days`, `at` or `on`"
                + (": a wait `until` something happens needs an end, too" if self.until else "")
            )
        if self.on_event is not None and self.until is None:
            raise ValueError("`on_event` says where it goes on after `until`; there is no `until` here")
        return self


class Case(Section):
    """One way out of a branch."""

    when: MemberCondition
    go: StepRef


class Branch(StepBase):
    """The first case that holds says where it goes on; if none does, `go` or the next step."""

    type: Literal["branch"]
    cases: tuple[Case, ...] = Field(min_length=1, max_length=20)


class Arm(Section):
    """One side of a split."""

    key: Key
    weight: int = Field(default=1, ge=0, le=1_000)
    go: StepRef


class Split(StepBase):
    """By chance, always the same for the same member: `arms: [{key: a, go: short}, {key: b, go: long}]`."""

    type: Literal["split"]
    arms: tuple[Arm, ...] = Field(min_length=2, max_length=10)
    seed: str = Field(default="", max_length=100)
    """Another seed deals anew."""

    @model_validator(mode="after")
    def _deals(self) -> "Split":
        keys = [arm.key for arm in self.arms]
        if doubled := next((n for n, key in enumerate(keys) if key in keys[:n]), None):
            raise mistakes((("arms", doubled, "key"), f"the arm '{keys[doubled]}' is there twice", keys[doubled]))
        if sum(arm.weight for arm in self.arms) == 0:
            raise ValueError("some arm needs a weight")
        return self


class Award(StepBase, Prize):
    """Give units, a reward to hold, or both; once for each time that the member comes to this step."""

    type: Literal["award"]


class Give(StepBase):
    """Put an offer into the member's hand (it is claimed for them), or a reward, for nothing."""

    type: Literal["give"]
    offer: OfferRef | None = None
    reward: RewardRef | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> "Give":
        if (self.offer is None) == (self.reward is None):
            raise ValueError("give an `offer` or a `reward`")
        return self


class Ask(StepBase):
    """Open a survey for the member; its own targeting, sampling and limits hold. One with `trigger: on_demand` is asked
    by journeys alone."""

    type: Literal["ask"]
    survey: SurveyRef


class Tag(StepBase):
    """Set attributes of the profile, as `members.preferences` declares them; null takes one away."""

    type: Literal["tag"]
    set: dict[str, bool | int | float | str | tuple[str, ...] | None] = Field(min_length=1)


class Webhook(StepBase):
    """Tell the retailer's own server (FEDELE_WEBHOOK_URL), signed; it is told again until it says it has heard."""

    type: Literal["webhook"]
    topic: Key
    data: dict[Key, str | int | bool] = Field(default_factory=dict)


class Exit(StepBase):
    """Leave the journey, with a reason of your own."""

    type: Literal["exit"]
    reason: Key = "exit"


Step = Annotated[
    Send | Wait | Branch | Split | Award | Give | Ask | Tag | Webhook | Exit, Field(discriminator="type")
]  # fmt: skip


class Goal(Happening):
    """What the journey is for. It is looked for from entering on, and for `days` in all: also after the last step."""

    days: int = Field(default=30, ge=1, le=400)
    stops: bool = True
    """Reaching it ends the journey: nobody is asked to come back who has."""


class Leaving(Section):
    """When a member leaves without having reached the goal: something happens, or a condition holds at a step."""

    event: EventName | None = None
    on: EventCondition | None = None
    """With `event`: only if this holds of it."""
    when: MemberCondition | None = None
    reason: Key = "left"

    @model_validator(mode="after")
    def _one_of_both(self) -> "Leaving":
        if (self.event is None) == (self.when is None):
            raise ValueError("name an `event`, or a condition with `when`")
        return self

    @property
    def happening(self) -> Happening | None:
        """The event's side."""
        return Happening(event=self.event, when=self.on) if self.event is not None else None


class Reentry(Section):
    """How soon the same member may enter again. Never twice at a time."""

    days: int = Field(ge=0, le=3_660)
    """Days since they came out; 0: at once."""


class Revision(Section):
    """What becomes of members inside when this journey is changed.

    `stay`: they go to the end of the version that they entered. `move`: whoever stands at a step that the new version
    has, too (by its key, or by `steps`), goes on in it; who stands elsewhere stays.
    """

    members: Literal["stay", "move"] = "stay"
    steps: dict[StepRef, StepRef] = Field(default_factory=dict)
    """`{old-step: new-step}`; `end` ends the journey for those."""


class Journey(Section):
    """What happens to a member, step by step, from a trigger to a goal."""

    key: Annotated[Key, Defines("journey")]
    name: Text
    description: Text | None = None
    trigger: Trigger
    when: MemberCondition | None = None
    """CEL over member and now: who may enter."""
    dates: Dates = Dates()
    """Nobody enters outside them; who is inside goes on."""
    reentry: Literal["never"] | Reentry = "never"
    holdout_percent: int = Field(default=0, ge=0, le=90)
    """So many of a hundred who would enter are left alone, to measure what the journey changes."""
    goal: Goal | None = None
    exits: tuple[Leaving, ...] = Field(default=(), max_length=20)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100)
    on_change: Revision = Revision()

    @model_validator(mode="after")
    def _hangs_together(self) -> "Journey":
        if found := list(_mistakes(self)):
            raise mistakes(*found)
        if self.holdout_percent and self.goal is None:
            raise ValueError("a holdout is measured by the goal: set `goal`")
        return self

    def find(self, step_key: str) -> Any:
        """The step of this key, or None."""
        return next((step for step in self.steps if step.key == step_key), None)

    def after(self, step_key: str) -> str:
        """The step that follows this one when nothing decides otherwise; END after the last."""
        keys = [step.key for step in self.steps]
        place = keys.index(step_key)
        if (go := self.steps[place].go) is not None:
            return go
        return keys[place + 1] if place + 1 < len(keys) else END

    def listens_to(self) -> frozenset[str]:
        """The events that anything of this journey waits for, the trigger left out."""
        waits = [step.until for step in self.steps if isinstance(step, Wait) and step.until is not None]
        found = [self.goal, *waits, *(leaving.happening for leaving in self.exits)]
        return frozenset(one.event for one in found if one is not None)

    @property
    def reads_member(self) -> bool:
        """Whether any condition asks for the member's facts."""
        return (
            self.when is not None
            or any(isinstance(step, Branch) for step in self.steps)
            or any(leaving.when is not None for leaving in self.exits)
        )


Place: TypeAlias = tuple[str | int, ...]
Mistake: TypeAlias = tuple[Place, str, Any]


def mistakes(*found: Mistake) -> ValidationError:
    """Mistakes at places within a model, each told at its own line of the file."""
    return ValidationError.from_exception_data(
        "journeys",
        [
            InitErrorDetails(
                type=PydanticCustomError("value_error", "{error}", {"error": words}), loc=place, input=given
            )
            for place, words, given in found
        ],
    )


def _mistakes(journey: Journey) -> Iterator[Mistake]:
    """Steps named twice or not there, and circles that nobody would ever come out of."""
    keys: list[str] = []
    for number, step in enumerate(journey.steps):
        if step.key in keys or step.key == END:
            why = f"the step '{step.key}' is there twice" if step.key in keys else f"'{END}' is the word for the end"
            yield ("steps", number, "key"), why, step.key
        keys.append(step.key)
    known = [*keys, END]
    for place, go in _ways(journey.steps):
        if go not in known:
            yield place, f"there is no step '{go}' in this journey. There are: {', '.join(known)}.", go
    for old, new in journey.on_change.steps.items():
        if new not in known:
            yield ("on_change", "steps", old), f"there is no step '{new}' in this journey", new
    if all(go in known for _, go in _ways(journey.steps)) and (circle := _circle(journey)) is not None:
        yield ("steps", keys.index(circle)), f"the step '{circle}' comes back to itself without a wait", circle


def _ways(steps: Sequence[Any]) -> Iterator[tuple[Place, str]]:
    """Every `go` of the journey, with its place."""
    for number, step in enumerate(steps):
        if step.go is not None:
            yield ("steps", number, "go"), step.go
        if isinstance(step, Wait) and step.on_event is not None:
            yield ("steps", number, "on_event"), step.on_event
        for name in ("cases", "arms"):
            for index, way in enumerate(getattr(step, name, ())):
                yield ("steps", number, name, index, "go"), way.go


def ways_out(journey: Journey, step: Any) -> frozenset[str]:
    """Where a step may lead."""
    ways = {go for _, go in _ways((step,))}
    return frozenset(ways if isinstance(step, Split | Exit) else ways | {journey.after(step.key)})


def _circle(journey: Journey) -> str | None:
    """A step that can be reached from itself through no wait."""
    keys = {step.key for step in journey.steps}
    if len(keys) != len(journey.steps):
        return None
    quick = {
        step.key: frozenset[str]() if isinstance(step, Wait) else ways_out(journey, step) - {END}
        for step in journey.steps
    }
    for start in quick:
        seen, open_ = set[str](), set(quick[start])
        while open_:
            here = open_.pop()
            if here == start:
                return start
            if here not in seen:
                seen.add(here)
                open_ |= quick[here]
    return None


class JourneysConfig(Items[Journey]):
    """Section `journeys`."""

    def find(self, key: str) -> Journey | None:
        """The journey of this key, or None."""
        return next((journey for journey in self.root if journey.key == key), None)
