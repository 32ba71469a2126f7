"""The scenario file: models that are validator and JSON Schema. A new step is a class and its name in `Step`."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from fedele.domains.programme.types import Country, Key, Locale, Positive, Section
from fedele.scenarios.expectations import Expect
from fedele.scenarios.instants import LocalTime, Span


def _json(value: Any) -> Any:
    """What comes with a purchase or an event as a till would send it: JSON knows no exact decimals."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _json(below) for key, below in value.items()}
    return [_json(below) for below in value] if isinstance(value, list) else value


JsonObject = Annotated[dict[str, Any], BeforeValidator(_json)]


def _day_of_year(value: str) -> str:
    date.fromisoformat(f"2024-{value}")  # a leap year: 29 February is allowed
    return value


MonthDayText = Annotated[
    str, Field(pattern=r"^\d{2}-\d{2}$", description="'05-17': 17 May."), AfterValidator(_day_of_year)
]


class StepBase(Section):
    """What every step has. The clock is turned first, then the step happens, then everything that follows from it,
    and then the expectations are compared."""

    note: str | None = None
    """What this step shows; it is printed when it fails."""
    at: LocalTime | None = None
    """Turn the clock to this time first. Days passed on the way are closed."""
    after: Span | None = None
    """Turn the clock on by so much first: `{months: 6}`."""
    member: Key | None = None
    """Whose step it is; unset: the first member's."""
    expect: Expect = Expect()


class Advance(StepBase):
    """Time passes; the days that are passed are closed."""

    do: Literal["advance"]


class Check(StepBase):
    """Nothing happens; the expectations are compared."""

    do: Literal["check"]


class Person(Section):
    """Somebody of the cast."""

    key: Key
    """How the steps name them."""
    locale: Locale = "en"
    country: Country | None = None
    birthday: MonthDayText | None = None
    attributes: JsonObject = Field(default_factory=dict)
    """Preferences, as the programme declares them."""
    home_store: str | None = None
    joined_at: LocalTime | None = None
    """If they joined before the scenario begins."""
    phone: bool = False
    """They have a phone with the app, that may notify, and agreed to marketing on it."""


class Enrol(StepBase):
    """Somebody joins; from here on steps may name them."""

    do: Literal["enrol"]
    person: Person


class ChangeProfile(StepBase):
    """The member changes what the programme knows of them."""

    do: Literal["profile"]
    birthday: MonthDayText | None = None
    attributes: JsonObject = Field(default_factory=dict)
    home_store: str | None = None


class BasketLine(Section):
    """One line of a receipt."""

    amount: Decimal = Field(ge=0)
    """What is paid for the whole line, discount taken off, in the home currency."""
    quantity: Decimal = Decimal(1)
    kind: Literal["goods", "service", "gift_card", "delivery", "fee", "donation", "tax"] = "goods"
    sku: str | None = None
    name: str | None = None
    category: str | None = None
    department: str | None = None
    brand: str | None = None
    tax: Decimal = Decimal(0)
    """The part of the amount that is tax."""
    discount: Decimal = Decimal(0)
    """Taken off already."""
    attributes: JsonObject = Field(default_factory=dict)


class PartPaid(Section):
    """A part of the payment. What the tenders leave open is paid in cash."""

    kind: Literal["cash", "card", "points", "gift_card", "store_credit", "voucher", "other"]
    amount: Positive
    """In the home currency."""
    currency: Key | None = None
    """For points: of which kind."""


class Buy(StepBase):
    """A purchase at the till."""

    do: Literal["buy"]
    receipt: str | None = None
    """Its number, by which later steps return it; unset: `step-3` for the third step."""
    lines: tuple[BasketLine, ...] = Field(min_length=1)
    tenders: tuple[PartPaid, ...] = ()
    store: str | None = None
    channel: str = "store"
    attributes: JsonObject = Field(default_factory=dict)
    occurred_at: LocalTime | None = None
    """When it was sold, if the till tells it late; unset: now."""
    uses: tuple[Key, ...] = ()
    """Rewards in hand that are used with this purchase, by their keys; amounts are then before they are taken off."""
    offers: tuple[Key, ...] | None = None
    """Claimed offers that are used, by their keys; unset: all that earn more."""


class LineBack(Section):
    """A part of a line that comes back."""

    number: int = Field(ge=1)
    """Its place on the receipt."""
    quantity: Positive = Decimal(1)


class ReturnGoods(StepBase):
    """Goods come back."""

    do: Literal["return"]
    receipt: str
    lines: tuple[LineBack, ...] = ()
    """Unset: everything that has not come back yet."""
    store: str | None = None


class Happen(StepBase):
    """Something the member did that is no purchase."""

    do: Literal["event"]
    name: str
    properties: JsonObject = Field(default_factory=dict)
    store: str | None = None
    occurred_at: LocalTime | None = None
    times: int = Field(default=1, ge=1, le=1_000)
    """How often, one after the other; `awards` are of all of them, `explains` of the last."""


class Redeem(StepBase):
    """The member takes a reward for its price."""

    do: Literal["redeem"]
    reward: Key


class ClaimOffer(StepBase):
    """The member takes an offer."""

    do: Literal["claim"]
    offer: Key


class Use(StepBase):
    """A reward in hand is used up: of several, the one that ends first."""

    do: Literal["use"]
    reward: Key
    store: str | None = None


class Cancel(StepBase):
    """A reward in hand is given back: of several, the one taken last."""

    do: Literal["cancel"]
    reward: Key


class Adjust(StepBase):
    """Staff give or take units by hand."""

    do: Literal["adjust"]
    currency: Key
    amount: Decimal
    reason: str = "scenario"


class GrantTier(StepBase):
    """Staff grant a tier until a day (included)."""

    do: Literal["grant_tier"]
    tier: Key
    until: LocalTime
    reason: str = "scenario"


class JoinMembership(StepBase):
    """The member joins a paid membership."""

    do: Literal["join_membership"]
    membership: Key
    plan: Key
    at_till: bool = False
    """Paid at the till, and so without a trial; else by the provider, after the trial if there is one."""


class UseBenefit(StepBase):
    """The member uses a benefit of the membership for the first time in this term, or again."""

    do: Literal["use_benefit"]
    membership: Key


class SetPayment(StepBase):
    """From now on the provider's charges for memberships succeed, or are declined; everybody's."""

    do: Literal["payments"]
    payment: Literal["succeed", "fail"]


class CancelMembership(StepBase):
    """The member gives a paid membership up."""

    do: Literal["cancel_membership"]
    membership: Key
    refund: bool = True
    """Ask for the refund that the programme promises, and end now if there is one; else at the end of what is paid."""


class JoinChallenge(StepBase):
    """The member takes a challenge, or a streak, up."""

    do: Literal["join_challenge"]
    challenge: Key | None = None
    streak: Key | None = None


class ApplyReferral(StepBase):
    """The member (the friend) gives the referral code of another."""

    do: Literal["refer"]
    by: Key
    """Whose code it is."""


class Choose(StepBase):
    """The member chooses how an automatic reward is given to them."""

    do: Literal["choose"]
    auto_reward: Key
    mode: Key


class CloseDay(StepBase):
    """Time passes to the midnight that ends the programme's present day, which is closed."""

    do: Literal["close_day"]


class ApplyProgramme(StepBase):
    """Another version of the programme takes effect."""

    do: Literal["apply"]
    programme: str | None = None
    """A file beside the scenario, or the name of a shipped programme; unset: the scenario's own."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """What is different in it: `{'earning.rules[base].amount': 2}`; items of lists by key or by number."""
    effective_from: LocalTime | None = None
    """A day alone means its midnight; unset: now."""


class AnswerSurvey(StepBase):
    """The member answers the survey that is open to them."""

    do: Literal["answer"]
    survey: Key
    answers: JsonObject
    """By the key of the question: `{nps: 9, why: Lovely bread}`."""


Step = Annotated[
    Advance
    | AnswerSurvey
    | Check
    | Enrol
    | ChangeProfile
    | Buy
    | ReturnGoods
    | Happen
    | Redeem
    | ClaimOffer
    | Use
    | Cancel
    | Adjust
    | GrantTier
    | JoinMembership
    | UseBenefit
    | SetPayment
    | CancelMembership
    | JoinChallenge
    | ApplyReferral
    | Choose
    | CloseDay
    | ApplyProgramme,
    Field(discriminator="do"),
]


class Unproved(Section):
    """A number of the programme of which this scenario proves nothing, and why that is well."""

    reason: str
    change: Literal["larger", "smaller"] | None = None
    """If only a larger, or only a smaller number would go unnoticed."""


def _reasoned(value: Any) -> Any:
    return {"reason": value} if isinstance(value, str) else value


class Scenario(Section):
    """One scenario file."""

    scenario: str
    """What it shows, in a sentence."""
    programme: str
    """A file beside the scenario, or the name of a shipped programme."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """What is different from that file at the beginning: `{'earning.rules[base].amount': 2}`."""
    starts_at: LocalTime
    store: str = "store-1"
    """Where things happen that do not say where."""
    members: tuple[Person, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)
    unproved: dict[str, Annotated[Unproved, BeforeValidator(_reasoned)]] = Field(default_factory=dict)
    """By path, numbers of the programme that may change without a step noticing, each with the reason."""

    @model_validator(mode="after")
    def _cast(self) -> "Scenario":
        known = [person.key for person in self.members]
        for step in self.steps:
            named = [step.member] if step.member else []
            if isinstance(step, ApplyReferral):
                named.append(step.by)
            if isinstance(step, Enrol):
                known.append(step.person.key)
            for key in named:
                if key not in known:
                    raise ValueError(f"there is no member '{key}' yet: add them to `members`, or enrol them before")
        if len(set(known)) != len(known):
            raise ValueError("two members have the same key")
        return self
