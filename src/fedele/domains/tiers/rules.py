"""What a programme version says of tiers, ready to decide with."""

import dataclasses

from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Period, Programme
from fedele.domains.tiers.config import EarnedCounter, RollingWindow, SpendCounter, TiersConfig
from fedele.domains.tiers.types import CounterKey, TierKey
from fedele.kernel.money import minor_digits, to_units


@dataclasses.dataclass(frozen=True, slots=True)
class TierRules:
    """The parts of one programme version that tiers need. `digits`: decimals of the counter's units."""

    config: TiersConfig
    time_zone: str
    digits: int

    @classmethod
    def of(cls, programme: Programme) -> "TierRules":
        """Read from a programme version."""
        config, brand = programme.section(TiersConfig), programme.section(ProgrammeConfig)
        match config.counter:
            case EarnedCounter(currency=currency):
                digits = programme.section(Currencies).get(currency).decimals
            case SpendCounter():
                digits = minor_digits(brand.home_currency)
            case _:
                digits = 0
        return cls(config, brand.time_zone, digits)

    @property
    def kept(self) -> Period | None:
        """How long a tier lasts from the day it was reached, where the programme keeps tiers so."""
        return self.config.window.kept if isinstance(self.config.window, RollingWindow) else None

    @property
    def counter(self) -> CounterKey:
        """The counter that qualifies: "spend", "visits" or "earned:<currency>"."""
        counter = self.config.counter
        return f"earned:{counter.currency}" if isinstance(counter, EarnedCounter) else counter.type

    def threshold(self, level: int) -> int:
        """What a level needs, in the counter's units."""
        return to_units(self.config.levels[level].threshold, self.digits, "up")

    def place(self, tier: TierKey | None) -> int:
        """The level's place in the file; a tier that is gone, or none, is the lowest."""
        keys = [level.key for level in self.config.levels]
        return keys.index(tier) if tier in keys else 0
