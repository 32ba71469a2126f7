"""What answers come to: NPS, CSAT, means and shares, each with its interval of 95% confidence. Pure arithmetic.

Net promoter score: per cent of 9s and 10s less per cent of 0s to 6s. Its interval is the adjusted Wald one: three
answers are added, of which three quarters of one are promoters and as many detractors (Rocks, "Interval Estimation for
the 'Net Promoter Score'", The American Statistician 70, 2016). The plain one covers far less than it says where nearly
all agree: of 10 answers, nine in ten promoters, 65% instead of 95%. Shares have Wilson's interval (JASA 22, 1927).
"""

import dataclasses
import math
from collections.abc import Mapping

Z = 1.959963984540054  # of the normal distribution: 95%, both sides


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and the interval that holds the true one 95 times in 100."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, slots=True)
class NpsFigures:
    """Promoters gave 9 or 10, detractors 0 to 6. `score` lies between -100 and 100."""

    promoters: int
    passives: int
    detractors: int
    score: Estimate


def nps(counts: Mapping[int, int]) -> NpsFigures | None:
    """The net promoter score of these numbers of answers per value; None of none."""
    promoters = sum(count for value, count in counts.items() if value >= 9)
    detractors = sum(count for value, count in counts.items() if value <= 6)
    answers = sum(counts.values())
    if answers == 0:
        return None
    more = answers + 3
    promoting, detracting = (promoters + 0.75) / more, (detractors + 0.75) / more
    middle = promoting - detracting
    half = Z * math.sqrt((promoting + detracting - middle * middle) / more)
    score = Estimate(
        100 * (promoters - detractors) / answers,
        100 * max(-1.0, middle - half),
        100 * min(1.0, middle + half),
    )
    return NpsFigures(promoters, answers - promoters - detractors, detractors, score)


def csat(counts: Mapping[int, int]) -> Estimate | None:
    """The per cent of answers that are 4 or 5; None of none."""
    satisfied = sum(count for value, count in counts.items() if value >= 4)
    return share(satisfied, sum(counts.values()))


def share(part: int, whole: int) -> Estimate | None:
    """A part of a whole in per cent; None of nothing."""
    if whole == 0:
        return None
    proportion, z2 = part / whole, Z * Z
    middle = (proportion + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z / (1 + z2 / whole) * math.sqrt(proportion * (1 - proportion) / whole + z2 / (4 * whole * whole))
    return Estimate(100 * proportion, 100 * max(0.0, middle - half), 100 * min(1.0, middle + half))


def mean(counts: Mapping[int, int], lowest: int, best: int) -> Estimate | None:
    """The mean of numbers that lie between these two; None of none.

    One answer says nothing of how answers differ: its interval is all that is possible.
    """
    answers = sum(counts.values())
    if answers == 0:
        return None
    middle = sum(value * count for value, count in counts.items()) / answers
    if answers == 1:
        return Estimate(middle, lowest, best)
    variance = sum(count * (value - middle) ** 2 for value, count in counts.items()) / (answers - 1)
    half = Z * math.sqrt(variance / answers)
    return Estimate(middle, max(lowest, middle - half), min(best, middle + half))
