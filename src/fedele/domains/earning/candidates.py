"""What a rule would give if it stood alone, exactly, and who wins when rules of one group want the same line."""

import dataclasses
import functools
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction

from fedele.domains.activity.types import Line
from fedele.domains.earning.config import (
    Conflict,
    EventAward,
    Excluded,
    PurchaseFixed,
    PurchaseMultiplier,
    PurchaseRule,
)
from fedele.domains.earning.types import MICROS, LineShare, Sale
from fedele.kernel.apportion import apportion
from fedele.kernel.money import Rounding


@dataclasses.dataclass(slots=True)
class Candidate:
    """A rule's claim: `counted[i]` of line i, each worth `rate` units. A lost conflict empties lines.

    What is counted is minor units of money, or the pieces or lines of a fixed award.
    """

    rule: PurchaseRule
    rounding: Rounding
    counted: list[int]
    rate: Fraction

    def exact(self, index: int) -> Fraction:
        """What line `index` brings, unrounded."""
        return Fraction(self.counted[index]) * self.rate

    def shares(self, numbers: list[int]) -> tuple[int, tuple[LineShare, ...]]:
        """The rounded units and how the lines share them; rounded once, at the rule's stated point."""
        if self.by_line:
            parts = [rounded(amount * self.rate, self.rounding) for amount in self.counted]
        else:
            parts = apportion(rounded(sum(self.counted) * self.rate, self.rounding), self.counted)
        return sum(parts), line_shares(numbers, parts)

    def carrying(
        self, numbers: list[int], carried: int
    ) -> tuple[int, tuple[LineShare, ...], tuple[LineShare, ...], int]:
        """The same for a rule that rounds at the balance, where `carried` millionths wait from earlier purchases: the
        whole units, their lines, the lines' exact millionths, and what these add to what is carried.
        """
        exact = int(sum(self.counted) * self.rate * MICROS)
        units = rounded(Fraction(max(0, carried + exact), MICROS), self.rounding)
        lines = line_shares(numbers, apportion(units, self.counted))
        return units, lines, line_shares(numbers, apportion(exact, self.counted)), exact - units * MICROS

    @property
    def by_line(self) -> bool:
        """Whether every line's part is rounded by itself."""
        if isinstance(self.rule, PurchaseFixed):
            return self.rule.each != "purchase"
        return self.rule.rounding_point == "line"


def fixed_counts(rule: PurchaseFixed, money: list[int], quantities: list[Decimal]) -> list[int]:
    """What a fixed award counts on each line that was really paid: whole pieces, the line itself, or for the whole
    purchase the line's part of the money."""
    match rule.each:
        case "unit":
            return [int(quantity) if amount else 0 for amount, quantity in zip(money, quantities, strict=True)]
        case "line":
            return [int(amount > 0) for amount in money]
        case "purchase":
            return money


def line_shares(numbers: list[int], parts: list[int]) -> tuple[LineShare, ...]:
    """The parts that are not zero, by line number."""
    return tuple(LineShare(number, part) for number, part in zip(numbers, parts, strict=True) if part)


def rate_of_fixed(rule: PurchaseFixed, counted: list[int], decimals: int, tier_multiplier: Decimal) -> Fraction:
    """Scaled units for one that counts; for the whole purchase, for one minor unit of what counts."""
    multiplier = Fraction(tier_multiplier) if rule.tier_multiplier else Fraction(1)
    units = Fraction(rule.amount) * multiplier * Fraction(10**decimals)
    return units / sum(counted) if rule.each == "purchase" else units


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


def eligible_minor(sale: Sale, excludes: Collection[Excluded]) -> list[int]:
    """Per line, the minor units that count. Never negative, never more than the line's amount.

    The part paid with points is spread over all lines by their amounts, so that it makes no difference which line the
    till rang up first; no cent of it is lost or counted twice.
    """
    amounts = [_counted(line, excludes) for line in sale.lines]
    if "paid_in_points" not in excludes:
        return amounts
    points_minor = sum(tender.amount_minor for tender in sale.tenders if tender.kind == "points")
    if points_minor <= 0:
        return amounts
    gross = [line.amount_minor for line in sale.lines]
    paid = apportion(min(points_minor, sum(gross)), gross)
    return [
        counted - _share(points, counted, amount) for counted, points, amount in zip(amounts, paid, gross, strict=True)
    ]


def _counted(line: Line, excludes: Collection[Excluded]) -> int:
    if line.kind in excludes:
        return 0
    return max(0, line.amount_minor - line.tax_minor) if "tax" in excludes else line.amount_minor


def _share(points: int, counted: int, amount: int) -> int:
    """The part of the points paid on a line that falls on its counted money, half a cent rounded up."""
    return (2 * points * counted + amount) // (2 * amount) if amount else 0


def settle_conflict(candidates: list[Candidate], how: Conflict) -> dict[str, str]:
    """Empty the losing lines of these candidates (one group, one currency, in file order), in place.

    Returns, for each rule that lost everything, the rule that outbid it.
    """
    if how == "sum" or len(candidates) < 2:
        return {}
    winners: dict[str, str] = {}
    if how == "first":
        for loser in candidates[1:]:
            loser.counted = [0] * len(loser.counted)
            winners[loser.rule.key] = candidates[0].rule.key
        return winners
    for index in range(len(candidates[0].counted)):
        wanting = [candidate for candidate in candidates if candidate.counted[index]]
        if not wanting:
            continue
        best = max(wanting, key=lambda candidate: candidate.exact(index))  # max keeps the first of equals
        for loser in wanting:
            if loser is not best:
                loser.counted[index] = 0
                winners.setdefault(loser.rule.key, best.rule.key)
    return {
        candidate.rule.key: winners[candidate.rule.key]
        for candidate in candidates
        if candidate.rule.key in winners and not any(candidate.counted)
    }
