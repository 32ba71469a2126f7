"""Any sequence of partial returns equals the full return: shown on the model that the machine holds the SQL to."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.ledger import day
from tests.factories.ledger_model import Done, LedgerModel, Refused

PARTS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def bought(lots: list[int], burned: int, earned: int, spent: int) -> tuple[LedgerModel, Done, Done]:
    """A member with some lots who burned on a purchase, earned by it, and then spent something elsewhere."""
    model = LedgerModel()
    for number, units in enumerate(lots):
        model.issue("earn", units, day(0), None, day(10 + number))
    burn = model.burn("burn", min(burned, model.spendable(day(0))), day(0)).done
    earn = model.issue("earn", earned, day(0), None, day(5)).done
    assert burn is not None
    assert earn is not None
    if elsewhere := min(spent, model.spendable(day(0))):
        model.burn("burn", elsewhere, day(0))
    return model, burn, earn


def state(model: LedgerModel) -> tuple[int, int, int]:
    """What the member has, owes, and earned."""
    return model.spendable(day(1)), model.debt, model.lifetime


@given(
    lots=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    burned=st.integers(1, 40),
    earned=st.integers(1, 30),
    spent=st.integers(0, 60),
    order=st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=12),
)
@settings(max_examples=300, deadline=None)
def test_partial_returns_in_any_order_equal_the_full_return(
    lots: list[int], burned: int, earned: int, spent: int, order: list[tuple[bool, int]]
) -> None:
    """Burns given back and earns taken back, piece by piece in any order, end where one full return ends."""
    whole, burn, earn = bought(lots, burned, earned, spent)
    whole.restore(burn, None, day(1), None)
    whole.clawback(earn, None, "debt", day(1))
    parts, burn, earn = bought(lots, burned, earned, spent)
    for give_back, units in order:
        done = burn if give_back else earn
        units = min(units, done.requested - done.reversed)
        if units and give_back:
            parts.restore(done, units, day(1), None)
        elif units:
            parts.clawback(done, units, "debt", day(1))
    for done in (earn, burn):
        if done.reversed < done.requested and done is earn:
            parts.clawback(done, None, "debt", day(1))
        elif done.reversed < done.requested:
            parts.restore(done, None, day(1), None)
    assert state(parts) == state(whole)


@given(parts=PARTS)
def test_a_return_is_never_counted_twice(parts: list[int]) -> None:
    """However many pieces are asked for, together they give back no more than was burned."""
    model, burn, _ = bought([20], 20, 5, 0)
    given_back = 0
    for units in parts:
        try:
            given_back += model.restore(burn, units, day(1), None).units
        except Refused:
            assert given_back + units > 20
    assert given_back <= 20
