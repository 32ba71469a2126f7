"""`fedele import codes` and `fedele rewards`: what an operator types, what comes out, and with which exit code."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from fedele.cli.exchange import SOME_ROWS_WRONG, import_app
from fedele.cli.rewards import app
from fedele.db.database import Database, connect, open_database
from fedele.domains.ledger.commands import post
from fedele.domains.rewards.commands import redeem
from fedele.kernel.clock import Moment
from tests.factories.ledger import earn
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, apply_programme
from tests.fixtures.database import empty_tables

NOW = Moment(datetime(2026, 3, 14, 10, tzinfo=UTC))
TEXT = (
    SMALL
    + """
rewards:
  - {key: card, type: gift_card, name: Card, value: 10, codes: pool, pool_low_at: 1}
  - {key: mug, type: free_product, name: Mug, cost: {currency: points, amount: 10}, stock: 3}
  - {key: hamper, type: sweepstake_entry, name: Hamper, cost: {currency: points, amount: 10}, winners: 2}
"""
)


def with_database(url: str, work: Callable[[Database], Awaitable[Any]]) -> Any:
    """Do this in a database of its own connections."""

    async def run() -> Any:
        database = open_database(url, size=2, role="fedele_app")
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


@pytest.fixture
def named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database with the programme, named by the environment as an operator would."""

    async def prepare() -> None:
        connection = await connect(database_url)
        await empty_tables(connection)
        await connection.close()

    asyncio.run(prepare())
    with_database(database_url, lambda database: apply_programme(database, TEXT))
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    return database_url


def test_codes_of_a_file_fill_the_pool_once(named: str, tmp_path: Path) -> None:
    """Two codes come in, a reward without a pool is a wrong row; again: unchanged; a dry run writes nothing."""
    file = tmp_path / "codes.csv"
    file.write_text("reward,code\ncard,AAA\ncard,BBB\nmug,CCC\ncard,\n")
    counts = []
    for more in (["--dry-run"], [], []):
        told = CliRunner().invoke(import_app, ["codes", str(file), "--json", *more])
        assert told.exit_code == SOME_ROWS_WRONG, told.output
        summary = orjson.loads(told.stdout)
        counts.append((summary["written"], summary["unchanged"], summary["errors"]))
    assert counts == [(2, 0, 2), (2, 0, 2), (0, 2, 2)]
    shelves = {row["reward"]: row for row in orjson.loads(CliRunner().invoke(app, ["shelves", "--json"]).stdout)}
    assert (shelves["card"]["codes_free"], shelves["card"]["low"], shelves["mug"]["left"]) == (2, False, 3)
    assert "mug" in CliRunner().invoke(app, ["shelves"]).stdout


def test_a_draw_is_made_verified_and_never_made_again(named: str) -> None:
    """The winners come from the seed; verifying agrees; another seed changes nothing; meddling is found out."""

    async def enter(database: Database) -> None:
        programme = await apply_programme(database, TEXT)
        for _ in range(5):
            member_id = await enrolled(database)
            async with database.transaction() as tx:
                await post(tx, member_id, [earn(10)], NOW)
            await redeem(database, programme, member_id, "hamper", "tap", NOW)

    assert CliRunner().invoke(app, ["verify-draw", "hamper"]).exit_code == 1
    with_database(named, enter)
    first = CliRunner().invoke(app, ["draw", "hamper", "--seed", "7 13 22", "--json"])
    assert (first.exit_code, len(orjson.loads(first.stdout)["winners"])) == (0, 2), first.output
    again = CliRunner().invoke(app, ["draw", "hamper", "--seed", "another", "--json"])
    assert orjson.loads(again.stdout)["winners"] == orjson.loads(first.stdout)["winners"]
    assert CliRunner().invoke(app, ["verify-draw", "hamper"]).exit_code == 0
    winner = orjson.loads(first.stdout)["winners"][0]["number"]
    with_database(named, lambda database: _withdraw(database, winner))
    assert CliRunner().invoke(app, ["verify-draw", "hamper"]).exit_code == 1


async def _withdraw(database: Database, number: int) -> None:
    async with database.transaction() as tx:
        await tx.execute("UPDATE sweepstake_entry SET withdrawn_at = now() WHERE number = $1", number)


def test_what_is_no_draw_is_said_plainly(named: str) -> None:
    """A mug is no sweepstake, an empty draw has no winners: exit code 1, and words instead of a traceback."""
    for key, words in (("mug", "sweepstake"), ("hamper", "no entries")):
        told = CliRunner().invoke(app, ["draw", key])
        assert (told.exit_code, words in told.output) == (1, True), told.output
