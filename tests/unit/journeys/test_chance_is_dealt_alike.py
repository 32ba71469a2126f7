"""Splits and holdouts: the same member is always dealt the same, and many are dealt by the weights."""

from uuid import UUID

import pytest

from fedele.domains.journeys.dealing import arm_of, is_held_out
from tests.factories.journeys import journey

MEMBERS = [UUID(int=n * 7919) for n in range(20_000)]


def split(seed: str = "") -> object:
    """Three arms, 1 : 2 : 1."""
    arms = [{"key": "a", "go": "end"}, {"key": "b", "go": "end", "weight": 2}, {"key": "c", "go": "end"}]
    made = journey(steps=[{"key": "deal", "type": "split", "arms": arms, "seed": seed}])
    return made.steps[0]


def test_arms_get_their_weights() -> None:
    """A quarter, a half, a quarter of 20,000, within five standard deviations (300)."""
    step = split()
    dealt = [arm_of("trip", step, member).key for member in MEMBERS]
    assert abs(dealt.count("a") - 5_000) < 310
    assert abs(dealt.count("b") - 10_000) < 360
    assert dealt == [arm_of("trip", step, member).key for member in MEMBERS]


def test_another_seed_deals_anew() -> None:
    """Independently: about 3/8 of the members are dealt the same arm twice."""
    step, again = split(), split("again")
    first = [arm_of("trip", step, member).key for member in MEMBERS]
    second = [arm_of("trip", again, member).key for member in MEMBERS]
    same = sum(a == b for a, b in zip(first, second, strict=True))
    assert abs(same - 7_500) < 350


@pytest.mark.parametrize("percent", [0, 10, 50])
def test_the_holdout_is_so_many_of_a_hundred(percent: int) -> None:
    """And independent of the arms that members would be dealt."""
    made = journey(steps=[{"key": "w", "type": "wait", "days": 1}], goal={"event": "purchase"}, holdout_percent=percent)
    held = [member for member in MEMBERS if is_held_out(made, member)]
    assert abs(len(held) - 200 * percent) < 360
    if percent == 10:
        step = split()
        arms = [arm_of("trip", step, member).key for member in held]
        assert abs(arms.count("b") - len(held) / 2) < 120
