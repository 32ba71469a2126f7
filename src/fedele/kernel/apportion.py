"""Split an exact whole into exact parts: no unit is lost, none is made, and the same input gives the same parts."""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm


def apportion(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Parts of `total` in proportion to the weights, by largest remainder; ties go to the earlier part.

    Weights are not negative. When all are zero everything goes to the first part; without weights there are no parts
    (then `total` must be 0). Raises ValueError for a negative total or weight.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("only amounts that are not negative can be split")
    if not weights:
        if total:
            raise ValueError(f"{total} cannot be split among nobody")
        return []
    integers = _over_one_denominator(weights)
    whole = sum(integers)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    shares = [divmod(total * weight, whole) for weight in integers]
    parts = [part for part, _ in shares]
    by_remainder = sorted(range(len(parts)), key=lambda index: (-shares[index][1], index))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _over_one_denominator(weights: Sequence[int | Fraction]) -> list[int]:
    """The weights as integers in the same proportions."""
    denominator = lcm(*(weight.denominator for weight in weights))
    return [weight.numerator * (denominator // weight.denominator) for weight in weights]
