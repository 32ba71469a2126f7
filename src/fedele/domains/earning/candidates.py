"""What a rule would give if it stood alone, exactly: per line an integer numerator over one denominator of the rule."""

import dataclasses
import functools
from decimal import Decimal
from fractions import Fraction

from fedele.domains.earning.config import EventAward, PurchaseMultiplier
from fedele.domains.earning.types import LineShare
from fedele.kernel.apportion import apportion
from fedele.kernel.money import Rounding


@dataclasses.dataclass(slots=True)
class Candidate:
    """A rule's claim: `money[i]` minor units of line i, each worth `rate` units. A lost conflict empties lines."""

    rule: PurchaseMultiplier
    rounding: Rounding
    money: list[int]
    rate: Fraction

    def exact(self, index: int) -> Fraction:
        """What line `index` brings, unrounded."""
        return Fraction(self.money[index]) * self.rate

    def shares(self, numbers: list[int]) -> tuple[int, tuple[LineShare, ...]]:
        """The rounded units and how the lines share them; rounded once, at the rule's stated point."""
        if self.rule.rounding_point == "line":
            parts = [rounded(amount * self.rate, self.rounding) for amount in self.money]
        else:
            parts = apportion(rounded(sum(self.money) * self.rate, self.rounding), self.money)
        return sum(parts), line_shares(numbers, parts)


def line_shares(numbers: list[int], parts: list[int]) -> tuple[LineShare, ...]:
    """The parts that are not zero, by line number."""
    return tuple(LineShare(number, part) for number, part in zip(numbers, parts, strict=True) if part)


def rate_of(rule: PurchaseMultiplier, decimals: int, minor_digits: int, tier_multiplier: Decimal) -> Fraction:
    """Scaled units for one minor unit of money."""
    return _rate(
        rule.amount, rule.per, rule.multiplier, tier_multiplier if rule.tier_multiplier else Decimal(1)
    ) * Fraction(10**decimals, 10**minor_digits)


@functools.lru_cache(maxsize=1_024)  # as many rules and tiers as a programme can sensibly have
def _rate(amount: Decimal, per: Decimal, multiplier: Decimal, tier_multiplier: Decimal) -> Fraction:
    """Units for one unit of money."""
    return Fraction(amount) / Fraction(per) * Fraction(multiplier) * Fraction(tier_multiplier)


def event_units(rule: EventAward, amount: Decimal, decimals: int, rounding: Rounding, tier_multiplier: Decimal) -> int:
    """An event's award in scaled units, rounded once."""
    exact = Fraction(amount) * 10**decimals
    if rule.tier_multiplier:
        exact *= Fraction(tier_multiplier)
    return rounded(exact, rounding)


def rounded(exact: Fraction, rounding: Rounding) -> int:
    """An exact amount that is not negative, as whole units."""
    whole, rest = divmod(exact.numerator, exact.denominator)
    twice = 2 * rest - exact.denominator  # < 0: below the half, 0: the half itself
    match rounding:
        case "down":
            up = False
        case "up":
            up = rest > 0
        case "half_up":
            up = twice >= 0
        case "half_even":
            up = twice > 0 or (twice == 0 and whole % 2 == 1)
    return whole + up
