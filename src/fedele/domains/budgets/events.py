"""What budgets announce: each once a pot. The member named is the one whose use crossed the line; staff are meant."""

import dataclasses
from typing import ClassVar

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class BudgetThresholdReached(Event):
    """Half, or four fifths, of a budget is gone."""

    kind: ClassVar[str] = "budgets.threshold_reached"
    pot: str
    period: str
    percent: int
    money_minor: int
    left_minor: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class BudgetExhausted(Event):
    """What is left does not pay for one more use: the campaign has ended."""

    kind: ClassVar[str] = "budgets.exhausted"
    pot: str
    period: str
    percent: int
    money_minor: int
    left_minor: int
