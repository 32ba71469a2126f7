"""The records of analytics. Units are scaled integers of a programme currency; money is minor units of the home one."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Literal

Basis = Literal["occurred", "recorded"]


@dataclasses.dataclass(frozen=True, slots=True)
class Movements:
    """One currency's month in the books: the legs of its entries, summed."""

    currency: str
    month: date
    issued: int = 0
    burned: int = 0
    restored: int = 0
    expired: int = 0
    clawed_back: int = 0
    adjusted: int = 0
    available: int = 0  # changes of the members' own accounts; debt > 0 is owed by members
    pending: int = 0
    reserved: int = 0
    debt: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Flow:
    """What a month did to the lots of one month of accrual that end in the same month; see `sql/flows.sql`."""

    currency: str
    cohort: date
    from_sale: bool
    ends: date | None  # None: never
    member_group: int
    month: date
    issued: int = 0
    burned: int = 0
    expired: int = 0
    removed: int = 0
    last_share: float = 0.5

    @property
    def left(self) -> int:
        """By how much it changed what is outstanding."""
        return self.issued - self.burned - self.expired - self.removed


@dataclasses.dataclass(frozen=True, slots=True)
class LotTotals:
    """What the lots of one currency hold. `overdue` (a part of available) has expired and awaits its sweep."""

    currency: str
    available: int
    pending: int
    reserved: int
    overdue: int

    @property
    def outstanding(self) -> int:
        """All that the lots hold."""
        return self.available + self.pending + self.reserved


@dataclasses.dataclass(frozen=True, slots=True)
class Allocation:
    """What the units of one month of accrual were worth, and the part of their sales' price that paid for them."""

    currency: str
    cohort: date
    from_sale: bool
    units: int
    worth_minor: float
    allocated_minor: float  # of the sales' price; 0 without a sale


@dataclasses.dataclass(frozen=True, slots=True)
class LiabilityMonth:
    """One currency's month. Units: opening + issued + restored + adjusted − burned − expired − clawed back = closing,
    where opening and closing are what members hold less what they owe."""

    currency: str
    month: date
    opening: int
    issued: int
    burned: int
    restored: int
    expired: int
    clawed_back: int
    adjusted: int
    available: int
    pending: int
    reserved: int
    debt: int
    expected_breakage: int  # units of what is outstanding that nobody will spend
    deferred_opening_minor: int
    allocated_minor: int  # of the month's sales, to units given
    reversed_minor: int  # of what was allocated: its units were clawed back
    recognised_minor: int
    deferred_minor: int  # deferred revenue at the month's end
    provision_minor: int  # units that no sale gave, at worth × expected redemption, at the month's end

    @property
    def outstanding(self) -> int:
        """What members hold at the month's end: the sum of the lots."""
        return self.available + self.pending + self.reserved

    @property
    def closing(self) -> int:
        """What members hold less what they owe, at the month's end."""
        return self.outstanding - self.debt

    @property
    def balances(self) -> bool:
        """Whether the month adds up, to the unit."""
        moved = self.issued + self.restored + self.adjusted - self.burned - self.expired - self.clawed_back
        return self.opening + moved == self.closing


@dataclasses.dataclass(frozen=True, slots=True)
class LiabilityReport:
    """Every month of every currency, oldest first, and the proof: the lots' own sums, as of the same snapshot."""

    months: tuple[LiabilityMonth, ...]
    lots: Mapping[str, LotTotals]
    home_currency: str
    decimals: Mapping[str, int]
    basis: Basis

    def problems(self) -> list[str]:
        """What does not add up: nothing, or the report must not be signed."""
        found = [f"{one.currency} {one.month:%Y-%m} does not balance" for one in self.months if not one.balances]
        last = {one.currency: one for one in self.months}
        for currency in sorted({*last, *self.lots}):
            books = last[currency].outstanding if currency in last else 0
            lots = self.lots[currency].outstanding if currency in self.lots else 0
            if books != lots:
                found.append(f"{currency}: the books say {books}, the lots {lots}")
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """Of the units outstanding at an instant, how many will have expired by another; and, when that has come, did."""

    currency: str
    since: date
    until: date
    outstanding: int
    expected: float
    low: float  # 95 %
    high: float
    came_true: int | None = None
