"""`fedele programme …` as a person and a script use it, against a real database."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from fedele.cli.programme import app
from tests.factories.programme import SMALL, template_text
from tests.fixtures.database import on_database


@pytest.fixture
def fedele(database, database_url, monkeypatch):
    """Run `fedele programme <arguments>` on the test's database; returns exit code, standard output and error."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)

    async def run(*arguments):
        result = await asyncio.to_thread(CliRunner().invoke, app, [str(argument) for argument in arguments])
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture
def file(tmp_path):
    """Write a programme file."""

    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


async def test_plan_apply_export_go_round(fedele, file):
    """plan says what apply will do; afterwards plan says nothing and export gives the file back."""
    first, second = (
        file(template_text("corner-cafe")),
        file(template_text("corner-cafe").replace("10}", "8}"), "b.yaml"),
    )
    code, out, err = await fedele("plan", first)
    assert (code, "+ earning.rules[drink] is added" in out, "no version is in force yet" in err) == (0, True, True)
    code, out, err = await fedele("apply", first)
    assert (code, "applied as version 1" in err) == (0, True)
    code, out, err = await fedele("apply", first)
    assert (code, "is already version 1" in err) == (0, True)
    assert (await fedele("plan", first))[2].strip().endswith("against version 1: no change")
    code, out, err = await fedele("plan", second)
    assert out.splitlines() == ["~ rewards[free-drink].cost.amount changes from 10 to 8"]
    code, out, err = await fedele("export")
    assert (code, out) == (0, template_text("corner-cafe"))


async def test_a_later_version_can_be_planned_and_exported_by_its_date(fedele, file):
    """--effective-from takes a date of the programme's zone; export --at shows what will be in force."""
    await fedele("apply", file(SMALL))
    later = file(SMALL.replace("name: Small", "name: Later"), "later.yaml")
    code, out, err = await fedele("apply", later, "--effective-from", "2099-01-01", "--json")
    told = json.loads(out)
    assert (code, told["version"], told["effective_from"], told["created"]) == (0, 2, "2099-01-01T00:00:00+01:00", True)
    assert "name: Small" in (await fedele("export"))[1]
    assert "name: Later" in (await fedele("export", "--at", "2099-01-01T00:00:00+01:00"))[1]
    code, out, err = await fedele("versions", "--json")
    assert [record["version"] for record in json.loads(out)] == [2, 1]
    code, out, err = await fedele("plan", later, "--effective-from", "2099-02-01")
    assert "against version 2: no change" in err


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
async def test_a_mistake_exits_1_with_file_line_and_advice(fedele, file, admin, command):
    """Every command that reads a file stops at its mistakes and writes nothing."""
    path = file(SMALL + "earning: {ruels: []}\n")
    code, out, err = await fedele(command, path)
    assert code == 1
    assert f"{path}:6:11 earning.ruels: the key 'ruels' is not known here. Did you mean 'rules'?" in err
    code, out, err = await fedele(command, path, "--json")
    (problem,) = json.loads(out)["problems"]
    assert (code, problem["line"], problem["path"]) == (1, 6, "earning.ruels")
    assert await admin.fetchval("SELECT count(*) FROM programme_version") == 0


async def test_a_time_in_the_past_or_no_time_is_told(fedele, file):
    """Refusals of the room are messages and exit 1, not tracebacks."""
    await fedele("apply", file(SMALL))
    other = file(SMALL.replace("name: Small", "name: Other"), "other.yaml")
    code, _, err = await fedele("apply", other, "--effective-from", "2001-01-01")
    assert (code, "can take effect now or later" in err) == (1, True)
    code, _, err = await fedele("apply", other, "--effective-from", "soon")
    assert (code, "is no ISO date or time" in err) == (2, True)
    code, _, err = await fedele("validate", "/nowhere.yaml")
    assert (code, "cannot be read" in err) == (2, True)


async def test_a_database_that_is_not_there_or_empty_is_told(fedele, file, monkeypatch, database_url):
    """No traceback: where nothing answers, and where nothing was migrated, the message says what to do."""
    path = file(SMALL)
    monkeypatch.setenv("FEDELE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    code, _, err = await fedele("apply", path)
    assert (code, "does not answer" in err) == (1, True)
    monkeypatch.setenv("FEDELE_DATABASE_URL", on_database(database_url, "postgres"))
    monkeypatch.setenv("FEDELE_DATABASE_ROLE", "postgres")
    code, _, err = await fedele("plan", path)
    assert (code, "run fedele migrate" in err) == (1, True)


async def test_what_needs_no_database_runs_without_one(fedele, file, monkeypatch, tmp_path):
    """validate, schema, templates and plan --against work on a laptop with nothing on it; apply says what to set."""
    monkeypatch.chdir(tmp_path)  # in a folder with a demo, commands join its database
    monkeypatch.delenv("FEDELE_DATABASE_URL")
    path = file(SMALL)
    assert (await fedele("validate", path))[0] == 0
    assert json.loads((await fedele("validate", path, "--json"))[1])["valid"] is True
    assert json.loads((await fedele("schema"))[1])["title"] == "Fedele programme"
    assert "grocer" in (await fedele("templates"))[1]
    assert (await fedele("templates", "grocer"))[1] == template_text("grocer")
    assert (await fedele("templates", "nobody"))[0] == 2
    code, out, err = await fedele("plan", file(SMALL.replace("0.01", "0.02"), "b.yaml"), "--against", path)
    assert (code, out.strip()) == (0, "~ currencies[points].worth changes from 0.01 to 0.02")
    code, out, err = await fedele("apply", path)
    assert (code, "FEDELE_DATABASE_URL" in err) == (1, True)


async def test_a_plan_that_was_overtaken_is_refused(fedele, file):
    """--expect-version: what another applied meanwhile is not undone unread."""
    await fedele("apply", file(SMALL))
    second, third = (file(SMALL.replace("name: Small", f"name: {n}"), f"{n}.yaml") for n in ("Second", "Third"))
    assert (await fedele("apply", second, "--expect-version", 1))[0] == 0
    code, _, err = await fedele("apply", third, "--expect-version", 1)
    assert (code, "version 2 was applied meanwhile" in err) == (1, True)


async def test_a_scheduled_version_is_listed_and_withdrawn(fedele, file):
    """versions says what is planned; withdraw takes it back, and refuses what is in force."""
    await fedele("apply", file(SMALL))
    await fedele("apply", file(SMALL.replace("name: Small", "name: Later")), "--effective-from", "2099-01-01")
    listed = json.loads((await fedele("versions", "--json"))[1])
    assert [(one["version"], one["state"]) for one in listed] == [(2, "scheduled"), (1, "in_force")]
    code, out, _ = await fedele("withdraw", 2, "--reason", "a slip", "--json")
    assert (code, json.loads(out)["created"]) == (0, True)
    assert "was withdrawn before" in (await fedele("withdraw", 2))[2]
    code, _, err = await fedele("withdraw", 1)
    assert (code, "cannot be withdrawn" in err) == (1, True)
    assert "withdrawn" in (await fedele("versions"))[1]


async def test_a_template_is_copied_once_and_never_over_a_file(fedele, tmp_path):
    """--copy NAME FILE writes one to begin with; a file that is there is left as it is."""
    target = tmp_path / "mine.yaml"
    code, _, err = await fedele("templates", "--copy", "corner-cafe", target)
    assert (code, target.read_text()) == (0, template_text("corner-cafe"))
    assert "fedele programme validate" in err
    target.write_text("precious")
    code, _, _ = await fedele("templates", "--copy", "corner-cafe", target)
    assert (code, target.read_text()) == (2, "precious")
    assert (await fedele("templates", "--copy", "nothing", tmp_path / "b.yaml"))[0] == 2
    assert all(one["says"] for one in json.loads((await fedele("templates", "--json"))[1]))
