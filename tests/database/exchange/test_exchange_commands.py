"""`fedele import` and `fedele export`: what an operator types, what comes out, and with which exit code."""

import asyncio
import csv
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from fedele.cli.exchange import SOME_ROWS_WRONG, export_app, import_app
from fedele.db.database import connect, open_database
from tests.factories.programme import apply_programme
from tests.factories.till import PROGRAMME
from tests.fixtures.database import empty_tables

MEMBERS = "kunde,email,name\nc1,c1@example.org,Carla\nc2,no-address,Dora\n"
PURCHASES = "member,store,receipt,occurred_at,quantity,amount\nc1,s,R1,2026-01-02,1,12.50\nc1,s,R2,2026-01-03,1,7.00\n"


@pytest.fixture
def prepared(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database with a programme, named by the environment as an operator would; no key that signs tokens."""

    async def prepare() -> None:
        connection = await connect(database_url)
        await empty_tables(connection)
        await connection.close()
        database = open_database(database_url, size=2, role="fedele_app")
        await apply_programme(database, PROGRAMME)
        await database.close()

    asyncio.run(prepare())
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    monkeypatch.setenv("FEDELE_SECRET_KEY", "a secret key of at least thirty-two bytes")
    return database_url


def imported(*arguments: str) -> Result:
    """Run `fedele import`."""
    return CliRunner().invoke(import_app, list(arguments))


def exported(*arguments: str) -> Result:
    """Run `fedele export`."""
    return CliRunner().invoke(export_app, list(arguments))


def _file(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_file_goes_in_and_everything_comes_out(prepared: str, tmp_path: Path) -> None:
    """Import with a mapping and a summary for scripts, wrong rows with their own exit code, then three exports."""
    members = _file(tmp_path, "members.csv", MEMBERS)
    told = imported("members", members, "--map", "kunde=member", "--json")
    assert told.exit_code == SOME_ROWS_WRONG, told.output
    summary = orjson.loads(told.stdout)
    assert (summary["rows"], summary["written"], summary["errors"], summary["reconciled"]) == (2, 1, 1, True)
    assert "e-mail address" in Path(summary["errors_file"]).read_text()
    told = imported("purchases", _file(tmp_path, "purchases.csv", PURCHASES))
    assert told.exit_code == 0, told.output
    assert "2 written" in told.stderr
    assert "EUR: read 19.50, written 19.50" in told.stderr
    rows = [orjson.loads(line) for line in exported("ledger", "--format", "jsonl").stdout.splitlines()]
    assert rows
    assert sum(row["amount"] for row in rows) == 0
    out = tmp_path / "out.csv"
    assert exported("members", "--out", str(out)).exit_code == 0
    with out.open() as file:
        assert [row["email"] for row in csv.DictReader(file)] == ["c1@example.org"]
    events = exported("events", "--out", str(tmp_path / "events.jsonl"))
    assert events.exit_code == 0, events.output
    assert {orjson.loads(x)["receipt"] for x in (tmp_path / "events.jsonl").open()} == {"R1", "R2"}


def test_a_dry_run_says_would(prepared: str, tmp_path: Path) -> None:
    """Nobody can mistake a dry run for a real one."""
    members = _file(tmp_path, "members.csv", "member\nc1\n")
    told = imported("members", members, "--dry-run")
    assert told.exit_code == 0, told.output
    assert "1 would be written" in told.stderr
    assert exported("members").stdout.splitlines()[1:] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("members", "nowhere.csv"), "no such file"),
        (("members", "nowhere.csv", "--map", "a"), "write it like"),
        (("purchases", "nowhere.csv"), "no such file"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(prepared: str, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 1 and a sentence, no traceback."""
    told = imported(*arguments)
    assert told.exit_code == 1
    assert words in told.stderr
    assert "Traceback" not in told.output


def test_without_a_secret_key_nobody_is_looked_up(prepared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are found by digests under it: the command says what is missing."""
    monkeypatch.delenv("FEDELE_SECRET_KEY")
    told = imported("members", "x.csv")
    assert told.exit_code == 1
    assert "FEDELE_SECRET_KEY is not set" in told.stderr
