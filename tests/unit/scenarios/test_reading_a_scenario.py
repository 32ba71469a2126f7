"""A scenario file is read whole or refused with the line of every mistake."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fedele.scenarios.format import Scenario
from fedele.scenarios.instants import Span, instant_of, last_day_before
from fedele.scenarios.reading import ScenarioInvalid, read_scenario, read_scenario_file, shipped_scenarios

ROME = ZoneInfo("Europe/Rome")
GOOD = """\
scenario: One stamp
programme: cafe-punch-card
starts_at: 2026-01-05T09:00
members: [{key: anna}]
steps:
  - do: buy
    lines: [{amount: 3.00, category: drinks}]
    expect: {balances: {stamps: 1}, held: [free-drink, free-drink]}
"""


def mistakes(text: str) -> list[str]:
    """Every mistake of a text, as it is printed."""
    with pytest.raises(ScenarioInvalid) as refused:
        read_scenario(text, "mine.yaml")
    return [str(problem) for problem in refused.value.problems]


def test_short_forms_mean_what_they_say() -> None:
    """A number is an available balance, a list of rewards is counted, and a step knows its line."""
    file = read_scenario(GOOD, "mine.yaml")
    expected = file.scenario.steps[0].expect
    assert expected.balances["stamps"].available == 1
    assert expected.held == {"free-drink": 2}
    assert file.line_of_step(0) == 6


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("do: buy", "do: bye", "line 6: steps[0]: there is no do 'bye'. Did you mean 'buy'?"),
        ("    lines:", "    line:", "line 7: steps[0].line: the key 'line' is not known here. Did you mean 'lines'?"),
        ("amount: 3.00", "amount: -3", "line 7: steps[0].lines[0].amount: "),
        ("2026-01-05T09:00", "soon", "line 3: starts_at: must be a day like 2026-03-01 or a time like"),
        ("  - do: buy", "  - member: bea\n    do: buy", "there is no member 'bea' yet"),
        ("cafe-punch-card", "cafe", "line 2: programme: there is no programme 'cafe'"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_line(wrong: str, right: str, told: str) -> None:
    """Whoever writes a scenario is told where they erred and what would be right."""
    found = mistakes(GOOD.replace(wrong, right))
    assert any(told in mistake for mistake in found), found


def test_a_programme_beside_the_scenario_is_found(tmp_path: Path) -> None:
    """A retailer's scenario names the file next to it; a name that leads nowhere is refused."""
    (tmp_path / "ours.yaml").write_text("format: 1\n")
    (tmp_path / "mine.yaml").write_text(GOOD.replace("cafe-punch-card", "ours.yaml"))
    assert read_scenario_file(tmp_path / "mine.yaml").programme_text(None, {}) == "format: 1\n"
    (tmp_path / "ours.yaml").unlink()
    with pytest.raises(ScenarioInvalid):
        read_scenario_file(tmp_path / "mine.yaml")


def test_changes_are_made_in_the_text() -> None:
    """What a scenario changes at the beginning stands in the programme's own lines, comments and all."""
    file = read_scenario(GOOD, "mine.yaml")
    text, changed = file.programme_text(None, {}), file.programme_text(None, {"auto_rewards[tenth-cup].every": 12})
    different = [(a, b) for a, b in zip(text.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert different == [("    every: 10", "    every: 12")]


def test_a_day_alone_is_its_noon_and_an_end_is_its_last_day() -> None:
    """Days are the programme's own, also where the clocks change."""
    scenario = Scenario.model_validate(
        {"scenario": "x", "programme": "x", "starts_at": "2026-03-29", "steps": [{"do": "check"}]}
    )
    assert instant_of(scenario.starts_at, ROME) == datetime(2026, 3, 29, 10, tzinfo=UTC)
    midnight = datetime(2026, 3, 30, tzinfo=ROME)
    assert str(last_day_before(midnight, ROME)) == "2026-03-29"
    assert Span(days=1).from_instant(datetime(2026, 3, 28, 8, tzinfo=UTC), ROME) == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert Span(hours=24).from_instant(datetime(2026, 3, 28, 8, tzinfo=UTC), ROME).hour == 8


def test_every_shipped_scenario_reads() -> None:
    """They are more than the ten brands, and each says in words what it shows."""
    shipped = shipped_scenarios()
    assert len(shipped) >= 13
    assert all(len(file.scenario.scenario) > 20 for file in shipped)
