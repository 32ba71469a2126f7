"""Whether an award, or a discount, leaves the margin that its campaign promises to leave. Pure and exact."""

from collections.abc import Sequence
from decimal import Decimal


def keeps_margin(
    net_minor: Sequence[int], costs_minor: Sequence[Decimal | None], given_minor: int, floor_percent: Decimal
) -> bool:
    """Whether, of the lines' money, at least `floor_percent` is left after the goods' cost and what is given.

    Per line that counts: `net_minor` is what was paid without tax, `costs_minor` what the goods cost us. A cost that is
    not known means no, as with weather: a floor that nobody can compute protects nothing.
    """
    known = [cost for cost in costs_minor if cost is not None]
    if len(known) != len(costs_minor):
        return False
    revenue = sum(net_minor)
    return 100 * (revenue - sum(known) - given_minor) >= floor_percent * revenue and revenue > 0
