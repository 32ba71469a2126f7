"""What a return takes back of an award, so that any sequence of partial returns sums to the full one.

The award keeps, per line of the purchase, the units that the line brought. After each return the *cumulative* target
is computed from what has come back altogether; what is taken now is the target less what was taken before. Rounding
therefore never adds up: the last piece of a line takes whatever its line still holds.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from fedele.domains.earning.types import MICROS, AwardRecord, LineShare


def taken_when_returned(units: int, quantity: Decimal, returned: Decimal) -> int:
    """Units of a line that are forfeit once `returned` of its `quantity` came back, half a unit rounded up."""
    if returned >= quantity:
        return units
    return int((units * returned / quantity).to_integral_value(ROUND_HALF_UP))


def clawback_units(award: AwardRecord, quantities: Mapping[int, Decimal], returned: Mapping[int, Decimal]) -> int:
    """How much to take of this award now.

    `quantities` and `returned` are by line number and cumulative: all that was bought, all that has come back,
    the return in hand included. Never negative, and never more than what the award has left.
    """
    return max(0, min(_target(award.lines, quantities, returned), award.units) - award.clawed_back_units)


def carry_back(
    award: AwardRecord,
    units: int,
    quantities: Mapping[int, Decimal],
    before: Mapping[int, Decimal],
    after: Mapping[int, Decimal],
) -> int:
    """What a return that takes `units` of this award changes in the millionths that its rule carries.

    The lines' exact millionths leave the member; those that leave as whole units are taken from the balance, the rest
    from what is carried, which may fall below nothing: the next purchase fills it up.
    """
    taken = _target(award.micros, quantities, after) - _target(award.micros, quantities, before)
    return units * MICROS - taken if award.micros else 0


def _target(shares: Sequence[LineShare], quantities: Mapping[int, Decimal], returned: Mapping[int, Decimal]) -> int:
    return sum(
        taken_when_returned(share.units, quantities[share.number], returned.get(share.number, Decimal(0)))
        for share in shares
    )
