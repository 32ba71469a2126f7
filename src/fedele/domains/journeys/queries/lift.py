"""What a journey changes: the difference of two rates with its interval. Pure."""

import math

from fedele.domains.journeys.types import Lift, Side

_Z = 1.959963984540054  # of 95 %


def lift(treated: Side, holdout: Side) -> Lift | None:
    """Treated minus holdout with Newcombe's hybrid score interval (1998, method 10); None where one side is empty.

    It holds for few members and for rates near 0 and 1, where the usual formula does not.
    """
    if not treated.members or not holdout.members:
        return None
    low_1, high_1 = wilson(treated)
    low_2, high_2 = wilson(holdout)
    rate_1, rate_2 = treated.rate, holdout.rate
    difference = rate_1 - rate_2
    low = difference - math.sqrt((rate_1 - low_1) ** 2 + (high_2 - rate_2) ** 2)
    high = difference + math.sqrt((high_1 - rate_1) ** 2 + (rate_2 - low_2) ** 2)
    return Lift(treated, holdout, difference, low, high)


def wilson(side: Side) -> tuple[float, float]:
    """The 95 % score interval of a rate (Wilson, 1927)."""
    n, rate, square = side.members, side.rate, _Z * _Z
    centre = (rate + square / (2 * n)) / (1 + square / n)
    half = _Z * math.sqrt(rate * (1 - rate) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, centre - half), min(1.0, centre + half)
