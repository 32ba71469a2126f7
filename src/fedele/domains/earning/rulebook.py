"""The parts of one programme version that earning needs, and what can be said of its rules before any basket."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from fedele.domains.earning.caps import CARRY, period_of
from fedele.domains.earning.config import CapPeriod, EarningConfig, EventAward, PurchaseMultiplier, Rule
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme


@dataclasses.dataclass(frozen=True)
class Rulebook:
    """The parts of one programme version that earning needs."""

    config: EarningConfig
    currencies: Currencies
    time_zone: str
    home_currency: str
    version: int

    @classmethod
    def of(cls, programme: Programme) -> "Rulebook":
        """Read from a programme version."""
        brand = programme.section(ProgrammeConfig)
        return cls(
            programme.section(EarningConfig),
            programme.section(Currencies),
            brand.time_zone,
            brand.home_currency,
            programme.version,
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that a condition or an amount of a rule reads: what a read must bring."""
        read: set[str] = set()
        for rule in self.config.rules:
            read |= rule.when.names if rule.when else frozenset()
            read |= rule.amount.names if isinstance(rule, EventAward) else frozenset()
            read |= {"member.joined_at"} if any(cap.per == "membership_year" for cap in rule.caps) else frozenset()
        return frozenset(read)

    @cached_property
    def line_rules(self) -> frozenset[str]:
        """The rules whose condition reads something of the line; the others' answer is the same for every line."""
        return frozenset(
            rule.key
            for rule in self.config.rules
            if rule.when and any(name.startswith("line.") for name in rule.when.names)
        )

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each rule stands in the file."""
        return {rule.key: place for place, rule in enumerate(self.config.rules)}

    @cached_property
    def _metered(self) -> tuple[Rule, ...]:
        """The rules of which something is counted from one purchase or event to the next."""
        return tuple(
            rule
            for rule in self.config.rules
            if rule.caps
            or rule.cooldown_hours
            or rule.times_max
            or (isinstance(rule, PurchaseMultiplier) and rule.rounding_point == "balance")
        )

    def usage_keys(self, at: datetime, event: str | None = None) -> list[tuple[str, str]]:
        """The counters that caps and cooldowns look at, for a purchase (or an event of this name) at this instant."""
        keys: list[tuple[str, str]] = []
        for rule in self._metered:
            if (rule.event if isinstance(rule, EventAward) else None) != event:
                continue
            keys += [(rule.key, period) for cap in rule.caps for period in self._periods(cap.per, at)]
            if rule.cooldown_hours or rule.times_max:
                keys.append((rule.key, "lifetime"))
            if isinstance(rule, PurchaseMultiplier) and rule.rounding_point == "balance":
                keys.append((rule.key, CARRY))
        for cap in self.config.caps:
            keys += [(f"currency:{cap.currency}", period) for period in self._periods(cap.per, at)]
        return list(dict.fromkeys(keys))

    def _periods(self, per: CapPeriod, at: datetime) -> list[str]:
        """The periods that may hold this instant: of membership years two, until it is known when the member joined."""
        if per == "membership_year":
            year = at.astimezone(ZoneInfo(self.time_zone)).year
            return [f"membership_year:{year - 1}", f"membership_year:{year}"]
        period = period_of(per, at, self.time_zone)
        return [period] if period else []
