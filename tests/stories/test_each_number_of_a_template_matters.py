"""Changing any number of a template fails a step of its scenario: the scenario proves the whole file.

CI plays a seeded sample of the changes of each template and all of one; `make fuzz` (and `-m long`) plays all.
"""

import pytest

from fedele.domains.programme.queries import values
from fedele.scenarios.mutants import WORDS, Mutant, judge, mutants_of, sample
from fedele.scenarios.reading import ScenarioFile, shipped_scenarios
from fedele.scenarios.stage import Stage

SHIPPED = {file.name.removesuffix(".yaml"): file for file in shipped_scenarios()}
WHOLE = "cafe-punch-card"
SAMPLE_COUNT = 4
SEED = "2026-11-22"


async def survivors(stage: Stage, file: ScenarioFile, mutants: tuple[Mutant, ...]) -> list[str]:
    """The changes that nothing noticed, with path and line."""
    judged = [await judge(stage, file, mutant) for mutant in mutants]
    return [str(mutant) for mutant in judged if mutant.verdict == "survived"]


@pytest.mark.parametrize("name", sorted(SHIPPED))
async def test_a_changed_number_is_noticed(stage: Stage, name: str) -> None:
    """A sample of the numbers of each template, and every one of the café's."""
    file = SHIPPED[name]
    mutants = mutants_of(file.programme_text(None, {}))
    assert mutants, "a template without a number"
    drawn = mutants if name == WHOLE else sample(mutants, SAMPLE_COUNT, f"{SEED} {name}")
    assert await survivors(stage, file, drawn) == []


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(SHIPPED))
async def test_every_changed_number_is_noticed(stage: Stage, name: str) -> None:
    """All of them; what a scenario excuses does survive, else the excuse is out of date."""
    file = SHIPPED[name]
    judged = [await judge(stage, file, mutant) for mutant in mutants_of(file.programme_text(None, {}))]
    assert [str(mutant) for mutant in judged if mutant.verdict == "survived"] == []
    excused = {mutant.place.path for mutant in judged if mutant.verdict == "unproved"}
    assert set(file.scenario.unproved) == excused


async def test_a_number_that_no_step_looks_at_is_found(stage: Stage) -> None:
    """The control: without its steps the café's scenario notices nothing, and says so with path and line."""
    file = SHIPPED[WHOLE]
    first = file.scenario.steps[0].model_copy(update={"expect": file.scenario.steps[0].expect.model_validate({})})
    blind = file.scenario.model_copy(update={"steps": (first,)})
    lazy = ScenarioFile(file.name, file.document.holding(blind), file.programmes)
    told = await survivors(stage, lazy, mutants_of(file.programme_text(None, {})))
    assert any("auto_rewards[tenth-cup].every: 10 → 11" in line and line.startswith("line ") for line in told)


def test_numbers_that_are_words_are_few_and_reasoned() -> None:
    """What no scenario needs to notice is named with its reason, and is there."""
    found = {one.path.rpartition(".")[2] for file in SHIPPED.values() for one in values(file.programme_text(None, {}))}
    assert all(WORDS.values())
    assert "format" in found
