"""The records of explanations. Amounts are exact, in the currency's own decimals: 12.5 stars, not 125 units."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from fedele.domains.earning.types import RuleTrace
from fedele.domains.programme.types import Programme

TermKind = Literal[
    "line",  # a line's money at the rule's rate: values number, name, money, amount, per, multiplier, tier, …
    "count",  # a line's pieces at the rule's amount: values number, name, count, amount, tier, tier_multiplier
    "share",  # what a line brought, where the rule's own arithmetic is not known any more: values number, name
    "event",  # an event's amount: values amount, tier, tier_multiplier
    "award",  # a whole award among several: values rule
    "carried",  # what waited below a whole unit from earlier purchases, and what waits now: values before, after
    "rounding",
    "cap",  # what a cap kept back: values per, cap, over
    "debt_paid",  # went to what was owed
    "debt",  # is owed now
    "issued",  # came in whole: values source
    "taken_back",  # all that was to be taken back
    "was_pending",  # of it, what was not available yet
    "was_expired",  # of it, what had expired already
    "waived",  # of it, what was forgiven
    "lot",  # taken from or given to units of one day: values earned_at, expires_at, source
    "became_available",
    "swept",  # expired in the same moment
    "asked",  # what was to be moved
]


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """One line of the addition."""

    kind: TermKind
    amount: Decimal
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Failed:
    """The part of a condition that stopped a rule, and what it saw; `lines`: the lines of the receipt it stopped.

    `unknown`: it could not be judged, since something it needs is not known (any more)."""

    part: str
    values: Mapping[str, Any]
    lines: tuple[int, ...] = ()
    unknown: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class RuleTold:
    """What became of one rule. `terms` add up to `amount`; `failed` where a condition stopped it."""

    trace: RuleTrace
    amount: Decimal
    terms: tuple[Term, ...] = ()
    failed: Failed | None = None
    taken_back: Decimal = Decimal(0)  # by returns, since


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """What a movement was for: ("reward", "five-off"), ("adjustment", the reason's text), ("purchase", the receipt)."""

    kind: str
    key: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """Why. For an entry `terms` add up to `amount`; for a purchase or an event there is a list of rules instead."""

    programme: Programme  # the version that decided, else the one in force: for names and decimals
    decided_by: int | None  # its number, where a version decided
    subject: Literal["entry", "purchase", "event"]
    kind: str  # the ledger's operation, or "purchase", or the event's name
    occurred_at: datetime
    recorded_at: datetime
    rules: tuple[RuleTold, ...]
    cause: Cause
    currency: str | None = None
    account: str | None = None
    amount: Decimal | None = None
    terms: tuple[Term, ...] = ()
    transaction_id: UUID | None = None
    scope: str = ""
    key: str = ""
    actor: str | None = None
    reason: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    store: str | None = None
    receipt: str | None = None
