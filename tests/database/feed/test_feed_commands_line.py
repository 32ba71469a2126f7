"""`fedele feed …`: what an operator types, what comes out, and with which exit code."""

import asyncio

import orjson
import pytest
from typer.testing import CliRunner

from fedele.cli.feed import app
from fedele.db.database import connect, open_database
from fedele.kernel.clock import moment_now
from tests.factories.programme import SMALL, apply_programme
from tests.factories.seen_cards import seen
from tests.fixtures.database import empty_tables

COUNT = 2_200


@pytest.fixture
def named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with a programme and nothing seen, named by the environment as an operator would."""

    async def prepare() -> None:
        connection = await connect(database_url)
        await empty_tables(connection)
        await connection.close()
        database = open_database(database_url, size=2, role="fedele_app")
        await apply_programme(database, SMALL)
        await database.close()

    asyncio.run(prepare())
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    return database_url


def watch(url: str, often: float) -> None:
    """Let cards be seen three days ago."""

    async def run() -> None:
        connection = await connect(url)
        await seen(connection, moment_now().now, COUNT, often)
        await connection.close()

    asyncio.run(run())


def test_from_too_little_seen_to_a_policy_that_ranks_and_back(named: str) -> None:
    """Refusals exit 1 with their figures, a judgement without proof exits 2, and each step can be read by a script."""
    run = CliRunner().invoke
    early = run(app, ["fit"])
    assert (early.exit_code, "0 cards seen" in early.output) == (1, True)
    watch(named, often=2.2)
    made = orjson.loads(run(app, ["fit", "--json"]).stdout)
    assert made["seen_count"] == COUNT
    name = made["policy"]["version"]
    judged = run(app, ["evaluate"])
    assert judged.exit_code == 0, judged.output
    assert "SNIPW" in judged.stdout
    assert "better beyond doubt" in judged.stdout
    promoted = orjson.loads(run(app, ["promote", name, "--json"]).stdout)
    assert promoted["lift"]["low"] > 0
    again = run(app, ["promote"])
    assert again.exit_code == 1
    assert "+0.0000" in again.output
    assert run(app, ["evaluate"]).exit_code == 2
    listed = orjson.loads(run(app, ["policies", "--json"]).stdout)
    assert [one["ranks_since"] is not None for one in listed] == [True]
    assert run(app, ["fall-back"]).exit_code == 0
    listed = orjson.loads(run(app, ["policies", "--json"]).stdout)
    assert [one["ranks_since"] for one in listed] == [None]
    assert "linear-2" in run(app, ["policies"]).stdout
    assert run(app, ["promote", "nobody"]).exit_code == 1
