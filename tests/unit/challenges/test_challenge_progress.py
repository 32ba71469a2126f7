"""Which steps an amount of progress has reached."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from fedele.domains.challenges.config import Challenge
from fedele.domains.challenges.progress import award_of, reached, scaled, times_completed

AWARD = {"units": {"currency": "points", "amount": 10}}


def challenge(**given: object) -> Challenge:
    """Spend a hundred, with a step at forty."""
    values = {
        "key": "big-spender",
        "name": "Big spender",
        "goal": {"type": "spend", "target": 100},
        "steps": [{"at": 40, "award": AWARD}],
        "award": AWARD,
    }
    return Challenge.model_validate(values | given)


@pytest.mark.parametrize(
    ("cents", "steps"),
    [(3_999, []), (4_000, ["40"]), (9_999, ["40"]), (10_000, ["40", "target"]), (50_000, ["40", "target"])],
)
def test_a_step_is_reached_at_its_cent(cents: int, steps: list[str]) -> None:
    """One cent short is not reached; beyond the target nothing more comes unless it repeats."""
    assert [one.step for one in reached(challenge(), cents, 2)] == steps


def test_a_repeatable_one_begins_anew_at_every_target() -> None:
    """With 250.00 of 100.00: two completions, and the third's step; never more than its limit."""
    twice = reached(challenge(times_max=None), 25_000, 2)
    assert [(one.step, one.nth, one.needed) for one in twice] == [
        ("40", 1, 4_000), ("target", 1, 10_000), ("40", 2, 14_000), ("target", 2, 20_000), ("40", 3, 24_000),
    ]  # fmt: skip
    assert times_completed(challenge(times_max=None), 25_000, 2) == 2
    assert [one.nth for one in reached(challenge(times_max=2), 99_999, 2) if one.step == "target"] == [1, 2]


def test_a_target_that_is_finer_than_the_measure_is_rounded_up() -> None:
    """Two and a half visits are three: nothing is given early."""
    assert scaled(Decimal("2.5"), 0) == 3


def test_a_step_names_its_award() -> None:
    """By its place, or as the target; one that has left the programme names none."""
    one = challenge(award={"badge": "explorer"})
    found = award_of(one, "target")
    assert found is not None
    assert found.badge == "explorer"
    assert award_of(one, "41") is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"award": None, "steps": []}, "nothing is given"),
        ({"steps": [{"at": 100, "award": AWARD}]}, "below the goal's target"),
        ({"award": {}}, "`units` or a `reward`"),
        ({"award": {"instead": {"currency": "points", "amount": 1}, "badge": "b"}}, "takes the place of a reward"),
        ({"per": "month", "days_from_joining": 3}, "exclude each other"),
        ({"goal": {"type": "visits", "target": 3}, "times_max": 2, "steps": []}, "counted once"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], words: str) -> None:
    """With words that say what to do."""
    with pytest.raises(ValidationError, match=words):
        challenge(**given)
