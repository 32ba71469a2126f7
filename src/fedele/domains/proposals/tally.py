"""Adding up what members kept, under the versions of then and under the proposal. Holds sums, never members. Pure."""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.domains.programme.config import Currencies, Currency, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.proposals.replay import Replay
from fedele.domains.proposals.types import Cell, CurrencyCost, Rerating, Sums, Window
from fedele.kernel.money import from_units

_NORMAL_95 = 1.96


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """An award as the ledger has it, with what is left of it after returns."""

    source_id: UUID
    rule: str
    currency: str
    kept: int
    at: datetime


@dataclasses.dataclass(slots=True)
class _Spread:
    """Of one currency: each member's difference, its square, and who gains."""

    sum: int = 0
    squares: int = 0
    gaining: int = 0
    losing: int = 0
    unexplained: int = 0

    def add(self, difference: int, unexplained: int) -> None:
        self.sum += difference
        self.squares += difference * difference
        self.gaining += difference > 0
        self.losing += difference < 0
        self.unexplained += unexplained


class Tally:
    """The sums so far."""

    def __init__(self, window: Window, proposed: Programme) -> None:
        self.window, self.proposed = window, proposed
        self.zone = ZoneInfo(proposed.section(ProgrammeConfig).time_zone)
        self.members = self.purchases = self.returns = self.events = 0
        self.cells: dict[Cell, Sums] = {}
        self.spreads: dict[str, _Spread] = {}
        self.tier_moves: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[str] = Counter()

    def add(self, ledger: Iterable[Given], then: Replay, would: Replay, tiers: tuple[str, str]) -> None:
        """Take one member in: what the ledger gave, what each replay gives, and the tiers they end on."""
        self.members += 1
        given, replayed, proposed = Counter[str](), Counter[str](), Counter[str]()
        for award in ledger:
            if self.window.contains(award.at):
                sums = self._sums(award.currency, award.rule, then.tiers.get(award.source_id, ""), award.at)
                sums.given += award.kept
                sums.given_times += 1
                given[award.currency] += award.kept
        for one in (one for awards in then.awards.values() for one in awards if self.window.contains(one.at)):
            replayed[one.award.record.currency] += one.kept
        for one in (one for awards in would.awards.values() for one in awards if self.window.contains(one.at)):
            record = one.award.record
            sums = self._sums(record.currency, record.rule, one.tier, one.at)
            sums.would += one.kept
            sums.would_times += 1
            proposed[record.currency] += one.kept
        for currency in given.keys() | replayed.keys() | proposed.keys():
            spread = self.spreads.setdefault(currency, _Spread())
            spread.add(proposed[currency] - given[currency], given[currency] - replayed[currency])
        if tiers[0] != tiers[1]:
            self.tier_moves[tiers] += 1
        self.refused.update(would.refused - then.refused)

    def _sums(self, currency: str, rule: str, tier: str, at: datetime) -> Sums:
        cell = Cell(currency, rule, tier, f"{at.astimezone(self.zone):%Y-%m}")
        return self.cells.setdefault(cell, Sums())

    def rerating(self, members_all: int, before: Programme | None) -> Rerating:
        """Everything, in words that a report can print. `before`: whose worth the given units have."""
        old = _by_key(before)
        new = _by_key(self.proposed)
        costs = [
            self._cost(key, old.get(key) or new.get(key), new.get(key) or old.get(key), members_all)
            for key in sorted(self.spreads.keys() | new.keys())
        ]
        return Rerating(
            window=self.window,
            home_currency=self.proposed.section(ProgrammeConfig).home_currency,
            members=self.members,
            members_all=members_all,
            purchases=self.purchases,
            returns=self.returns,
            events=self.events,
            currencies=tuple(costs),
            cells=self.cells,
            tier_moves=dict(sorted(self.tier_moves.items())),
            refused=dict(sorted(self.refused.items())),
        )

    def _cost(self, key: str, old: Currency | None, new: Currency | None, members_all: int) -> CurrencyCost:
        sums, spread = Sums(), self.spreads.get(key, _Spread())
        for cell, part in self.cells.items():
            if cell.currency == key:
                sums.add(part)
        decimals = new.decimals if new else 0
        worth = new.worth if new else Decimal(0)
        scale = Decimal(members_all) / self.members if self.members else Decimal(0)
        estimated = round(sums.difference * scale)
        return CurrencyCost(
            currency=key,
            decimals=decimals,
            sums=sums,
            worth_given=from_units(sums.given, old.decimals if old else 0) * (old.worth if old else Decimal(0)),
            worth_would=from_units(sums.would, decimals) * worth,
            gaining=spread.gaining,
            losing=spread.losing,
            estimated_difference=estimated,
            estimated_worth=from_units(estimated, decimals) * worth,
            error_units=self._error(spread, members_all),
            unexplained=spread.unexplained,
        )

    def _error(self, spread: _Spread, members_all: int) -> int:
        """Half the width of the 95 % interval of a total that was estimated from a sample without replacement."""
        count = self.members
        if count < 2 or count >= members_all:
            return 0
        variance = max(0.0, (spread.squares - spread.sum**2 / count) / (count - 1))
        unseen = 1 - count / members_all
        return math.ceil(_NORMAL_95 * members_all * math.sqrt(variance / count * unseen))


def _by_key(programme: Programme | None) -> Mapping[str, Currency]:
    return {currency.key: currency for currency in programme.section(Currencies)} if programme else {}
