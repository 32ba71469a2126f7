"""Pure parts of budgets: margins to the cent, periods of the programme's calendar, costs rounded up."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fedele.domains.budgets.config import Budget, Targets
from fedele.domains.budgets.queries import keeps_margin, left_from
from fedele.domains.budgets.types import Pot, minor_of, period_of, pot_of


@pytest.mark.parametrize(("given", "kept"), [(0, True), (100, True), (101, False)])
def test_a_floor_is_exact(given: int, kept: bool) -> None:
    """Of 10.00 whose goods cost 7.00, 20 % are 2.00: 1.00 may be given, and not a cent more."""
    assert keeps_margin([600, 400], [Decimal(500), Decimal(200)], given, Decimal(20)) is kept


def test_what_is_not_known_or_not_paid_keeps_no_margin() -> None:
    """A cost that nobody knows, and lines that brought no money, promise nothing."""
    assert not keeps_margin([600, 400], [Decimal(1), None], 0, Decimal(0))
    assert not keeps_margin([0], [Decimal(0)], 0, Decimal(0))


def test_periods_follow_the_programmes_own_clock() -> None:
    """Half past eleven at night in London is tomorrow, and next month, in Rome."""
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert [period_of(per, late, "Europe/Rome") for per in ("total", "month", "day")] == [
        "total", "2026-12", "2026-12-01",
    ]  # fmt: skip


def test_costs_round_up_and_percents_may_be_written_as_such() -> None:
    """Budgets never count too little; '12 %' and 12 are the same."""
    assert minor_of(Decimal("0.101"), 2) == 11
    assert Targets.model_validate({"margin": "12 %"}).margin == Targets.model_validate({"margin": 12}).margin == 12
    made = pot_of("rule:x", Budget(money=Decimal(5)), datetime(2026, 1, 1, tzinfo=UTC), time_zone="UTC", digits=2,
                  version=3)  # fmt: skip
    assert made == Pot("rule:x", "total", 500, 3, 1)


def test_a_pot_nobody_touched_is_full_and_a_newer_version_counts() -> None:
    """What is left is told before anybody takes: full, as committed, or as it will be once funded anew."""
    pot = Pot("rule:x", "total", 800, 2)
    assert left_from([pot], []) == {pot.id: 800}
    assert left_from([pot], [("rule:x", "total", 500, 0, 2, 123)]) == {pot.id: 123}
    assert left_from([pot], [("rule:x", "total", 500, 0, 1, 100)]) == {pot.id: 400}
