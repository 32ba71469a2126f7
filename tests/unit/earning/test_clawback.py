"""Any way of giving a purchase back in pieces takes exactly what the purchase gave."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.earning.clawback import clawback_units
from fedele.domains.earning.types import AwardId, AwardRecord, LineShare
from fedele.kernel.apportion import apportion
from fedele.kernel.ids import new_id


def award(units: list[int], taken: int = 0) -> AwardRecord:
    """An award of so many units per line."""
    shares = tuple(LineShare(number, share) for number, share in enumerate(units, 1) if share)
    return AwardRecord(AwardId(new_id()), "rule", "points", sum(units), taken, shares, None, 1)


@given(st.data())
def test_pitfall_9_any_sequence_of_partial_returns_sums_to_the_full_return(data: st.DataObject) -> None:
    """Cut every line into pieces, return them in any order: no unit more or less than was given."""
    thousandths = data.draw(st.lists(st.integers(1, 5_000), min_size=1, max_size=5))
    units = data.draw(st.lists(st.integers(0, 1_000), min_size=len(thousandths), max_size=len(thousandths)))
    pieces: list[tuple[int, int]] = []
    for number, quantity in enumerate(thousandths, 1):
        cuts = sorted(data.draw(st.sets(st.integers(0, quantity), max_size=4)) | {0, quantity})
        pieces += [(number, end - start) for start, end in itertools.pairwise(cuts)]
    bought = {number: Decimal(quantity) / 1000 for number, quantity in enumerate(thousandths, 1)}
    returned = dict.fromkeys(bought, Decimal(0))
    taken = 0
    for number, quantity in data.draw(st.permutations(pieces)):
        returned[number] += Decimal(quantity) / 1000
        now = clawback_units(award(units, taken), bought, returned)
        assert now >= 0
        taken += now
        assert taken <= sum(units)
    assert taken == sum(units)


def test_a_half_of_an_odd_award_is_rounded_once_not_twice() -> None:
    """7 points on two pieces: the first takes 4, the second the other 3."""
    bought = {1: Decimal(2)}
    first = clawback_units(award([7]), bought, {1: Decimal(1)})
    second = clawback_units(award([7], first), bought, {1: Decimal(2)})
    assert (first, second) == (4, 3)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_splitting_loses_and_makes_nothing(total: int, weights: list[int]) -> None:
    """The parts add up to the whole, and none is a unit away from its exact share."""
    parts = apportion(total, weights)
    assert sum(parts) == total
    if sum(weights):
        assert all(abs(part - total * w / sum(weights)) < 1.001 for part, w in zip(parts, weights, strict=True))


def test_splitting_refuses_what_it_cannot_split() -> None:
    """Negative amounts, and something among nobody."""
    for total, weights in ((-1, [1]), (1, [-1]), (1, [])):
        with pytest.raises(ValueError, match="split"):
            apportion(total, weights)
