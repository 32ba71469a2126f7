"""The time machine stops where something is due, and nowhere else."""

import pytest

from fedele.domains.programme.queries import Document
from fedele.scenarios.format import Scenario
from fedele.scenarios.playing import Played, play_scenario
from fedele.scenarios.reading import ScenarioFile, read_scenario
from fedele.scenarios.stage import Stage

IDLE = """\
scenario: Thirty years
programme: {programme}
starts_at: 2026-01-05T09:00
members: [{{key: anna}}]
steps:
  - {{do: buy, lines: [{{amount: 3.00, category: drinks}}]}}
  - {{do: advance, after: {{years: 30}}}}
"""


async def play(stage: Stage, text: str) -> Played:
    """Play a scenario's text."""
    return await play_scenario(stage, read_scenario(text, "mine.yaml"))


async def closed_days(stage: Stage) -> list[str]:
    """Which programme days were closed."""
    rows = await stage.admin.fetch("SELECT day::text FROM closing_day WHERE finished_at IS NOT NULL ORDER BY day")
    return [row["day"] for row in rows]


async def test_thirty_idle_years_close_a_handful_of_days(stage: Stage) -> None:
    """The day of the purchase, the day on which the end is announced, the day on which the stamp ends; no others."""
    assert (await play(stage, IDLE.format(programme="cafe-punch-card"))).passed
    days = await closed_days(stage)
    assert days[0] == "2026-01-05"
    assert "2027-01-05" in days
    assert len(days) < 10


async def test_what_is_due_at_an_hour_happens_at_that_hour(stage: Stage) -> None:
    """Not only at midnights: a trial ends, and the first month is charged, when its time comes."""
    text = IDLE.format(programme="amazon-prime-us").replace(
        "{do: buy, lines: [{amount: 3.00, category: drinks}]}",
        "{do: join_membership, membership: prime, plan: monthly, expect: {charged: 0}}",
    )
    text = text.replace(
        "after: {years: 30}", "after: {months: 12}, expect: {memberships: {prime: active}, charged: 179.88}"
    )
    played = await play(stage, text)
    assert played.passed, played.failure


async def test_a_second_play_knows_nothing_of_the_first(stage: Stage) -> None:
    """Also when the programme is another one under the same version number."""
    expecting = IDLE.format(programme="cafe-punch-card").replace(
        "category: drinks}]}", "category: drinks}], expect: {balances: {stamps: 1}}}"
    )
    for _ in range(2):
        assert (await play(stage, expecting)).passed
    doubled = expecting.replace("starts_at", "changes: {'earning.rules[drink].amount': 2}\nstarts_at")
    assert not (await play(stage, doubled)).passed
    assert (await play(stage, doubled.replace("stamps: 1", "stamps: 2"))).passed


async def test_time_does_not_go_back(stage: Stage) -> None:
    """A step before the one before it is a mistake of the scenario, told at its line."""
    played = await play(stage, IDLE.format(programme="cafe-punch-card").replace("after: {years: 30}", "at: 2025-01-01"))
    assert played.failure is not None
    assert (played.failure.line, played.failure.differences[0].what) == (7, "at")


async def test_what_a_handler_does_not_survive_is_raised(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario must not pass while something that follows from its steps fails."""

    async def fail(_event: object, _outbox_id: object) -> None:
        raise RuntimeError("no ink")

    broken = [type(one)(one.name, one.event, fail) for one in stage.handlers if one.event.kind == "points.earned"]
    assert broken, "somebody listens to it"
    stage.handlers = (*stage.handlers, *broken)
    with pytest.raises(RuntimeError, match="no ink"):
        await play(stage, IDLE.format(programme="cafe-punch-card"))


def test_a_document_holds_another_value_over_the_same_lines() -> None:
    """What the mutation test's control relies on."""
    file: ScenarioFile = read_scenario(IDLE.format(programme="cafe-punch-card"), "mine.yaml")
    held: Document[Scenario] = file.document.holding(file.scenario.model_copy(update={"scenario": "other"}))
    assert (held.value.scenario, held.line_of("steps", 1)) == ("other", 7)
