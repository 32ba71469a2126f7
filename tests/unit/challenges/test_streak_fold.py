"""How a streak stands follows from the periods that were kept, and from nothing else."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.challenges.config import Freezes, Streak
from fedele.domains.challenges.streak import fold, reached
from fedele.domains.challenges.types import StreakState

NONE = Freezes()


def streak(*steps: dict[str, object]) -> Streak:
    """A weekly streak with these steps."""
    award = {"units": {"currency": "points", "amount": 10}}
    return Streak.model_validate(
        {
            "key": "weekly",
            "name": "Weekly",
            "every": "week",
            "goal": {"type": "purchases"},
            "steps": [{"award": award, **step} for step in steps],
        }
    )


def test_periods_in_a_row_grow_it_and_a_missed_one_ends_it() -> None:
    """Three, a gap, two: the present streak is two long, the best three."""
    state = fold([1, 2, 3, 5, 6], now=6, grace=0, freezes=NONE)
    assert (state.current, state.best, state.runs) == (2, 3, (3, 2))


def test_the_present_period_may_still_be_kept() -> None:
    """A streak is alive, and at risk, while its present period runs; a whole missed period ends it."""
    assert fold([1, 2], now=3, grace=0, freezes=NONE) == StreakState(2, 2, 0, at_risk=True, runs=(2,))
    assert fold([1, 2], now=4, grace=0, freezes=NONE).current == 0
    assert fold([1, 2], now=4, grace=0, freezes=NONE).best == 2
    assert fold([1, 2], now=2, grace=0, freezes=NONE).kept_now


def test_a_freeze_keeps_it_alive_without_growing_it() -> None:
    """One freeze bridges one missed period, is used up by it, and the second gap ends the streak."""
    freezes = Freezes(start=1)
    bridged = fold([1, 2, 4], now=4, grace=0, freezes=freezes)
    assert (bridged.current, bridged.freezes_left) == (3, 0)
    assert fold([1, 2, 4, 6], now=6, grace=0, freezes=freezes).runs == (3, 1)


def test_freezes_are_earned_and_held_up_to_a_limit() -> None:
    """One for every two kept periods, never more than held_max, so a gap of three is one too many."""
    freezes = Freezes(start=0, every=2, held_max=2)
    state = fold(range(1, 9), now=8, grace=0, freezes=freezes)
    assert (state.current, state.freezes_left) == (8, 2)
    assert fold([*range(1, 9), 11], now=11, grace=0, freezes=freezes).current == 9
    assert fold([*range(1, 9), 12], now=12, grace=0, freezes=freezes).runs == (8, 1)


def test_grace_forgives_before_freezes_do() -> None:
    """A grace of one costs no freeze; the second missed period in a row does."""
    freezes = Freezes(start=1)
    assert fold([1, 3], now=3, grace=1, freezes=freezes).freezes_left == 1
    assert fold([1, 4], now=4, grace=1, freezes=freezes).freezes_left == 0
    assert fold([1, 5], now=5, grace=1, freezes=freezes).runs == (1, 1)


@given(st.sets(st.integers(0, 40)), st.integers(0, 3), st.integers(0, 2), st.randoms())
def test_late_news_is_as_good_as_news_in_time(kept: set[int], grace: int, start: int, chance: random.Random) -> None:
    """The order in which periods are told, and telling one twice, makes no difference."""
    told = [*kept, *kept]
    chance.shuffle(told)
    freezes = Freezes(start=start, every=3)
    assert fold(told, 45, grace, freezes) == fold(sorted(kept), 45, grace, freezes)


@given(st.sets(st.integers(0, 30), max_size=12))
def test_the_fold_agrees_with_counting_by_hand(kept: set[int]) -> None:
    """Without grace and freezes the runs are the maximal blocks of consecutive periods."""
    blocks = itertools.groupby(enumerate(sorted(kept)), key=lambda pair: pair[1] - pair[0])
    assert fold(kept, 31, 0, NONE).runs == tuple(len(list(block)) for _, block in blocks)


@pytest.mark.parametrize(
    ("step", "runs", "times"),
    [
        ({"at": 4}, (3,), 0),
        ({"at": 4}, (4,), 1),
        ({"at": 4}, (9, 4), 2),  # each streak brings it
        ({"at": 4, "again": True}, (9, 4), 3),  # 4 and 8 of the first, 4 of the second
        ({"at": 4, "again": True, "once": True}, (9, 4), 1),
    ],
)
def test_steps_are_counted_over_all_streaks(step: dict[str, object], runs: tuple[int, ...], times: int) -> None:
    """Once a streak, again for every further length, or once in a lifetime, as declared."""
    assert [(one.step, one.nth) for one in reached(streak(step), runs)] == [("4", n + 1) for n in range(times)]
