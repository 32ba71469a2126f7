"""Every shipped scenario, and those of programmes that nobody foresaw, to the unit."""

from pathlib import Path

import pytest

from fedele.scenarios.playing import play_scenario
from fedele.scenarios.reading import ScenarioFile, read_scenario_file, shipped_scenarios
from fedele.scenarios.stage import Stage
from fedele.scenarios.telling import lines_of

UNFORESEEN = Path(__file__).parent / "unforeseen"
ALL = (*shipped_scenarios(), *(read_scenario_file(path) for path in sorted(UNFORESEEN.glob("*.scenario.yaml"))))
STEPS_MIN = 6  # the scripted check and five more


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name.partition(".")[0])
async def test_the_programme_does_what_its_scenario_says(stage: Stage, file: ScenarioFile) -> None:
    """Every step ends as the scenario expects, to the unit."""
    played = await play_scenario(stage, file)
    assert played.passed, "\n" + "\n".join(lines_of(played))
    assert played.steps >= STEPS_MIN


def test_every_template_has_its_scenario() -> None:
    """A programme that ships is proved, but for those that other tests play: the demo's, the smallest, the journeys."""
    folder = Path(__file__).parents[2] / "src" / "fedele" / "programmes"
    shipped = {path.stem for path in folder.glob("*.yaml")} - {"grocer", "corner-cafe", "ready-made-journeys"}
    assert shipped == {path.stem for path in (folder / "scenarios").glob("*.yaml")}
