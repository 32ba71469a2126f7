"""Split an exact whole into exact parts: no unit is lost, none is made, and the same input gives the same parts."""

from collections.abc import Sequence
from fractions import Fraction


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
    whole = sum(weights)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    exact = [Fraction(total) * weight / whole for weight in weights]
    parts = [int(share) for share in exact]
    missing = total - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[:missing]:
        parts[index] += 1
    return parts
