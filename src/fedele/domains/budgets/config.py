"""What a campaign of the programme file may say about its money: a budget, a margin floor, targets.

Any section may use these: offers, earning rules and rewards do.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from fedele.domains.programme.types import NotNegative, Positive, Section

BudgetPeriod = Literal["total", "month", "day"]


def _percent(value: Any) -> Any:
    return value.removesuffix("%").strip() if isinstance(value, str) else value


Percent = Annotated[
    Decimal,
    BeforeValidator(_percent),
    Field(ge=0, le=100, max_digits=5, decimal_places=2),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 100},
                {"type": "string", "pattern": r"^\d{1,3}(\.\d{1,2})? ?%?$"},
            ],
            "description": "A percentage: 12 or '12 %'.",
        }
    ),
]


class Budget(Section):
    """What a campaign may cost: `{money: 5000.00, per: month}`. When it is gone, the campaign ends; never later."""

    money: Positive
    """In the home currency."""
    per: BudgetPeriod = "total"
    """For good, or anew each month or day of the programme's calendar."""
    unit_cost: NotNegative | None = None
    """What one use counts for. Unset: units at their worth, or the discount at its most."""


class Targets(Section):
    """What a campaign is meant to bring; shown to staff beside what it does bring."""

    reach: int | None = Field(default=None, ge=1)
    """Members who see it."""
    redemptions: int | None = Field(default=None, ge=1)
    """Uses."""
    uplift: Percent | None = None
    """More spent than by members without it."""
    margin: Percent | None = None
    """Left of the money it brought, after the goods and its own cost."""
