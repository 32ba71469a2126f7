"""The runner tells the truth: what differs, where, and with which exit code; and it touches no other database."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from fedele.cli import app
from fedele.kernel.ids import new_id
from fedele.scenarios import stage
from fedele.scenarios.format import Scenario
from fedele.scenarios.playing import play_scenario
from fedele.scenarios.reading import read_scenario_file
from fedele.scenarios.stage import Stage
from fedele.scenarios.telling import lines_of
from tests.fixtures.database import on_database

MINE = """\
scenario: Three drinks
programme: cafe-punch-card
starts_at: 2026-01-05T09:00
members: [{key: anna}]
steps:
  - do: buy
    receipt: r1
    lines: [{amount: 9.00, quantity: 3, category: drinks}]
    expect: {awards: {stamps: 3}}
  - note: one comes back
    do: return
    receipt: r1
    lines: [{number: 1}]
    expect: {balances: {stamps: 3}, clawed_back: {stamps: 1}}
"""


def run(server: str, *arguments: str) -> Result:
    """`fedele scenario run … --server …`."""
    return CliRunner().invoke(app, ["scenario", "run", "--server", server, *arguments], env={"COLUMNS": "300"})


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A scenario whose second step expects one stamp too many."""
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    return path


def test_a_difference_is_told_with_its_step_line_and_history(postgres_url: str, mine: Path) -> None:
    """Exit code 1; the line in the file, expected and actual, and why the member has what they have."""
    done = run(postgres_url, str(mine))
    assert done.exit_code == 1
    for words in (
        "FAILED  mine.yaml", "mine.yaml:10: step 2: one comes back", "balances.stamps.available", "expected  3",
        "actual    2", "clawback", "rules {'drink': 3}", "0 passed, 1 failed",
    ):  # fmt: skip
        assert words in done.output, done.output
    assert "clawed_back" not in done.output, "what is as expected is not told"


def test_a_script_reads_the_same_as_json(postgres_url: str, mine: Path) -> None:
    """`--json`: counts, and the failure with step, line and differences."""
    told = json.loads(run(postgres_url, str(mine), "--json").stdout)
    assert (told["passed"], told["failed"]) == (0, 1)
    failure = told["scenarios"][0]["failure"]
    assert (failure["step"], failure["line"]) == (2, 10)
    assert failure["differences"] == [{"what": "balances.stamps.available", "expected": "3", "actual": "2"}]


def test_a_passed_scenario_ends_with_zero(postgres_url: str, mine: Path) -> None:
    """And the last line counts."""
    mine.write_text(MINE.replace("balances: {stamps: 3}", "balances: {stamps: 2}"))
    done = run(postgres_url, str(mine))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "1 passed, 0 failed"


def test_mistakes_are_told_before_anything_is_played(postgres_url: str, mine: Path) -> None:
    """A scenario that cannot be read, or that names a wrong value of its programme, plays nothing."""
    mine.write_text(MINE.replace("do: return", "do: bring_back"))
    refused = run(postgres_url, str(mine))
    assert refused.exit_code == 1
    assert f"{mine}:10" in refused.output
    mine.write_text(MINE.replace("starts_at", "changes: {'auto_rewards[tenth-cup].evry': 9}\nstarts_at"))
    assert "auto_rewards[tenth-cup].every" in run(postgres_url, str(mine)).output


def test_the_database_is_thrown_away_and_no_other_is_touched(
    postgres_url: str, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with FEDELE_DATABASE_URL set, as for production: it is never looked at."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", on_database(postgres_url, "of_somebody_else"))
    drawn: list[UUID] = []  # its name is made of an id; other tests play on this server at the same moment
    monkeypatch.setattr(stage, "new_id", lambda: drawn.append(new_id()) or drawn[-1])
    assert "PASSED" in run(postgres_url, str(mine)).output.upper()
    names = [f"fedele_scenario_{one.hex[-12:]}" for one in drawn]
    assert names

    async def databases(*wanted: str) -> list[str]:
        server = await asyncpg.connect(postgres_url)
        try:
            return [
                row[0] for row in await server.fetch("SELECT datname FROM pg_database WHERE datname = ANY($1)", wanted)
            ]
        finally:
            await server.close()

    assert asyncio.run(databases(*names, "of_somebody_else")) == []


def test_the_schema_describes_every_step() -> None:
    """Editors know each step, with its words."""
    told = json.loads(CliRunner().invoke(app, ["scenario", "schema"]).stdout)
    kinds = told["properties"]["steps"]["items"]["discriminator"]["mapping"]
    assert {"buy", "return", "advance", "redeem", "join_membership", "apply"} <= set(kinds)
    assert told == {**told, **{k: v for k, v in Scenario.model_json_schema().items() if k != "title"}}


TINY = """\
format: 1
programme: {key: tiny, name: Tiny, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points}]
earning:
  rules: [{key: spend, type: purchase_multiplier, name: Spend, currency: points, amount: 3}]
"""
PROVES = """\
scenario: Three for one
programme: tiny.yaml
starts_at: 2026-01-05
members: [{key: anna}]
steps:
  - {do: buy, lines: [{amount: 10.00}], expect: {awards: {points: 30}}}
"""


def test_a_number_that_no_step_notices_is_told_with_its_line(postgres_url: str, tmp_path: Path) -> None:
    """`--mutants`: one that proves its programme passes; one that looks at nothing fails, unless it says why."""
    (tmp_path / "tiny.yaml").write_text(TINY)
    seeing, blind, excused = (tmp_path / f"{name}.yaml" for name in ("seeing", "blind", "excused"))
    seeing.write_text(PROVES)
    blind.write_text(PROVES.replace(", expect: {awards: {points: 30}}", ""))
    excused.write_text(blind.read_text() + "unproved: {'earning.rules[spend].amount': it is a game}\n")
    done = run(postgres_url, str(seeing), str(blind), str(excused), "--mutants")
    assert done.exit_code == 1
    assert "passed  seeing.yaml" in done.output
    assert "FAILED  blind.yaml" in done.output
    assert "line 5: earning.rules[spend].amount: 3 → 4" in done.output
    assert "passed  excused.yaml" in done.output


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("amount: 10.00", "amount: 10.005", "10.005 has more decimals than EUR has"),
        ("do: buy, lines: [{amount: 10.00}]", "do: return, receipt: lost", "bought under the receipt 'lost'"),
        ("do: buy, lines: [{amount: 10.00}]", "do: adjust, currency: stars, amount: 1", "no currency 'stars'"),
        ("do: buy,", "do: buy, uses: [mug],", "NOT_FOUND"),
        ("do: buy,", "do: buy, offers: [week],", "has not claimed the offer 'week'"),
        ("awards: {points: 30}", "refused: RECEIPT_KNOWN", "not refused"),
    ],
)  # fmt: skip
async def test_what_a_step_cannot_do_is_a_difference(
    stage: Stage, tmp_path: Path, wrong: str, right: str, told: str
) -> None:
    """No traceback: the step, its line, and why it cannot be."""
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "tiny.scenario.yaml").write_text(PROVES.replace(wrong, right))
    said = "\n".join(lines_of(await play_scenario(stage, read_scenario_file(tmp_path / "tiny.scenario.yaml"))))
    assert "tiny.scenario.yaml:6: step 1" in said
    assert told in said


def test_a_server_that_does_not_answer_is_told(mine: Path) -> None:
    """Words and exit code 1, no traceback."""
    done = run("postgresql://127.0.0.1:1/postgres", str(mine))
    assert done.exit_code == 1
    assert "no database can be made on the server" in done.output
