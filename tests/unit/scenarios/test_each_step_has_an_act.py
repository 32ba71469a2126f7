"""The steps of the file and what is done for them are one list."""

from typing import get_args

from fedele.scenarios.acting import ACTS
from fedele.scenarios.format import Step, StepBase


def test_each_step_of_the_file_is_played() -> None:
    """No step is accepted and then unknown to the player, and none is played that no file can name."""
    union, _ = get_args(Step)
    assert set(get_args(union)) == set(ACTS)


def test_each_step_explains_itself() -> None:
    """The JSON Schema says in words what each step is."""
    assert all(step.__doc__ and issubclass(step, StepBase) for step in ACTS)
    words = [step.model_fields["do"].annotation for step in ACTS]
    assert len({get_args(word)[0] for word in words}) == len(ACTS)
