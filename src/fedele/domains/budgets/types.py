"""The records of budgets. Money is in minor units of the home currency."""

import dataclasses
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.domains.budgets.config import Budget, BudgetPeriod

UseState = Literal["reserved", "used", "released"]


@dataclasses.dataclass(frozen=True, slots=True)
class Pot:
    """One budget in one of its periods, as a programme version declares it.

    `key` names the campaign: `offer:summer`, `rule:double`, `reward:mug`. `least_minor` is what one more use costs at
    least: with less than that left the campaign has ended.
    """

    key: str
    period: str
    money_minor: int
    programme_version: int
    least_minor: int = 1

    @property
    def id(self) -> tuple[str, str]:
        """By which its money is found."""
        return self.key, self.period


@dataclasses.dataclass(frozen=True, slots=True)
class Take:
    """An operation of `budget_post_v1`: money that one use takes out of a pot.

    `use_id` makes it happen once (a claim's id, a redemption's, a purchase's). With `until` it is reserved until then;
    without, it is used. `source_id` is the purchase or event whose return gives it back.
    """

    pot: Pot
    use_id: UUID
    amount_minor: int
    until: datetime | None = None
    source_id: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """As `budget_post_v1` reads it."""
        return {
            "op": "take",
            "use_id": str(self.use_id),
            "pot": self.pot.key,
            "period": self.pot.period,
            "money_minor": self.pot.money_minor,
            "least_minor": self.pot.least_minor,
            "version": self.pot.programme_version,
            "amount_minor": self.amount_minor,
            "until": self.until.isoformat() if self.until else None,
            "source_id": str(self.source_id) if self.source_id else None,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class PotFigures:
    """What became of a pot's money: money = left + reserved + used, but for money taken out of it by a new version."""

    key: str
    period: str
    money_minor: int
    left_minor: int
    reserved_minor: int
    used_minor: int
    noticed_percents: tuple[int, ...] = ()

    @property
    def exhausted(self) -> bool:
        """Whether its end was announced."""
        return 100 in self.noticed_percents


def period_of(per: BudgetPeriod, at: datetime, time_zone: str) -> str:
    """The period that an instant belongs to, in the programme's calendar: `total`, `2026-11` or `2026-11-22`."""
    local = at.astimezone(ZoneInfo(time_zone))
    return {"total": "total", "month": f"{local:%Y-%m}", "day": f"{local:%Y-%m-%d}"}[per]


def pot_of(
    key: str, budget: Budget, at: datetime, *, time_zone: str, digits: int, version: int, least_minor: int = 1
) -> Pot:
    """The pot that this budget means at an instant. `digits` are the home currency's minor digits."""
    money = int(budget.money.scaleb(digits).to_integral_value())
    return Pot(key, period_of(budget.per, at, time_zone), money, version, max(1, least_minor))


def minor_of(amount: Decimal, digits: int) -> int:
    """An amount of the home currency in minor units, a started one counted whole: budgets never count too little."""
    return int(amount.scaleb(digits).to_integral_value("ROUND_CEILING"))
