"""The records of earning. Units are scaled integers of a programme currency; money is minor units."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NewType
from uuid import UUID

from fedele.domains.activity.types import Line, Tender
from fedele.domains.budgets.types import Pot
from fedele.kernel.expressions import Expression
from fedele.kernel.ids import StoreId

AwardId = NewType("AwardId", UUID)
MICROS = 10**6  # parts of a unit that a rule which rounds at the balance carries

Outcome = Literal[
    "awarded",  # gave what it says, in full
    "capped",  # gave a part: the cap had no more room
    "cap_reached",  # gave nothing: no room in the cap, or a cap that rejects what does not fit whole
    "cooling_down",  # gave nothing: awarded too recently, or as often as it may be
    "not_started",  # outside the rule's own dates
    "ended",
    "outside_window",  # not within its hours of the week
    "condition",  # its condition is false, or could not be computed for this basket
    "nothing_eligible",  # no line, or no money, that the rule counts
    "outbid",  # another rule of its conflict group gave more, or stood first
    "margin_floor",  # gave nothing: too little would be left of the lines' money, or nobody knows the goods' cost
    "budget_exhausted",  # gave nothing: what is left of its budget does not pay for it
]


@dataclasses.dataclass(frozen=True, slots=True)
class LineShare:
    """The part of an award that a line brought."""

    number: int
    units: int


@dataclasses.dataclass(frozen=True, slots=True)
class Award:
    """What one rule gives. `lines` sum to `units` for a purchase and are empty for an event."""

    rule: str
    currency: str
    units: int
    lines: tuple[LineShare, ...] = ()
    active_on: date | None = None  # the programme's day from which it can be spent; None: at once
    usage: tuple[tuple[str, str], ...] = ()  # the (rule or currency, period) counters that it fills
    # Of a rule that rounds at the balance: the exact millionths of a unit that each line brought, and what of their sum
    # is carried to the next purchase (less than nothing: drawn from what was carried here).
    micros: tuple[LineShare, ...] = ()
    carried_micros: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class AwardRecord:
    """An award as it was given and as returns have left it."""

    id: AwardId
    rule: str
    currency: str
    units: int
    clawed_back_units: int
    lines: tuple[LineShare, ...]
    ledger_transaction_id: UUID | None
    programme_version: int
    micros: tuple[LineShare, ...] = ()  # of a rule that rounds at the balance


@dataclasses.dataclass(frozen=True, slots=True)
class GivenAward:
    """An award with the usage counters it filled: what a return needs."""

    record: AwardRecord
    usage: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class RuleTrace:
    """What became of one rule: for Explain. `details` hold the values that decided it, JSON-able."""

    rule: str
    outcome: Outcome
    units: int = 0
    currency: str | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole decision: the awards, and every rule that was tried, in the programme's order."""

    awards: tuple[Award, ...]
    trace: tuple[RuleTrace, ...]
    programme_version: int

    def units(self, currency: str) -> int:
        """All that is given in this currency."""
        return sum(award.units for award in self.awards if award.currency == currency)


@dataclasses.dataclass(frozen=True, slots=True)
class RuleUsage:
    """How much of a rule the member has used, in one of its periods ("day:2026-11-21", "ever")."""

    units: int = 0
    times: int = 0
    last_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Boost:
    """A benefit in hand that changes what is earned, beside the rules: a claimed offer's multiplier or bonus.

    It becomes an award of its own under `key` ("offer:coffee-week"), so that Explain can name it.
    """

    key: str
    currency: str
    multiplier: Decimal = Decimal(1)  # on what the rules give for the lines that count
    bonus_units: int = 0  # once, if a line counts
    minimum_minor: int = 0  # of eligible money, else the boost does nothing and stays in hand
    when: Expression | None = None  # a LineCondition: which lines count
    pot: Pot | None = None  # that pays for it; None: nothing limits it, or the claim has reserved its cost
    margin_floor: Decimal | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Means:
    """What campaigns can afford just now. An import of history, and a rerating, know none of it and are not limited."""

    pots: Mapping[str, Pot] = dataclasses.field(default_factory=dict)  # by rule, or `offer:<key>` of a boost
    left: Mapping[tuple[str, str], int] = dataclasses.field(default_factory=dict)  # by Pot.id
    costs: Mapping[str, Decimal] | None = None  # of one, by sku, in the home currency; None: margins are not judged


@dataclasses.dataclass(frozen=True, slots=True)
class Earner:
    """What rules may know of the member: at the time of the event, not of the request."""

    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # CEL names: {"member.locale": "it"}
    tier: str | None = None
    tier_multiplier: Decimal = Decimal(1)
    usage: Mapping[tuple[str, str], RuleUsage] = dataclasses.field(default_factory=dict)  # (rule, period)
    boosts: tuple[Boost, ...] = ()
    means: Means = Means()


@dataclasses.dataclass(frozen=True, slots=True)
class Sale:
    """A purchase to be awarded, as the rules see it."""

    store_id: StoreId
    occurred_at: datetime
    currency: str
    lines: tuple[Line, ...]
    tenders: tuple[Tender, ...] = ()
    channel: str = "store"
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Occasion:
    """An event to be awarded: what happened, when, where, with its own properties (the CEL name `event`)."""

    name: str
    occurred_at: datetime
    store_id: StoreId | None = None
    source: str = "app"
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class ExplainedAward:
    """An award with the trace of the decision it came from, for the member's and the support's Explain."""

    award: AwardRecord
    source_kind: Literal["purchase", "event"]
    source_id: UUID
    occurred_at: datetime
    trace: tuple[RuleTrace, ...]
