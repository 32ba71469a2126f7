"""`fedele report`: what it prints, in three shapes, and its exit code for a script."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from fedele.db.database import open_database
from fedele.domains.ledger.commands import post
from fedele.kernel.clock import Moment, moment_now
from fedele.kernel.ids import MemberId, new_id
from tests.database.cli.test_operators_commands import environment, run
from tests.factories.ledger import earn
from tests.factories.programme import SMALL, apply_programme

__all__ = ["environment"]


@pytest.fixture
def books(environment: str) -> str:
    """A programme with 250 points in one member's hands."""

    async def fill() -> None:
        database = open_database(environment, size=2)
        await apply_programme(database, SMALL)
        async with database.transaction() as tx:
            await post(tx, MemberId(new_id()), [earn(250)], Moment(moment_now().now))
        await database.close()

    asyncio.run(fill())
    return environment


def test_liability_in_three_shapes(books: str, tmp_path: Path) -> None:
    """A table for people, JSON and CSV for machines: the same figures, and exit code 0 while the books add up."""
    told = run("report", "liability", "--json")
    assert told.exit_code == 0, told.output
    (month,) = json.loads(told.stdout)["months"]
    assert (month["currency"], month["issued"], month["closing"], month["provision"]) == (
        "points",
        "250",
        "250",
        "2.50",
    )
    (row,) = csv.DictReader(run("report", "liability", "--csv").stdout.splitlines())
    assert row == month
    assert "250" in run("report", "liability").stdout
    assert json.loads(run("report", "liability", "--json", "--currency", "stars").stdout)["months"] == []
    assert json.loads(run("report", "liability", "--json", "--month", "2020-01").stdout)["months"] == []


def test_books_that_differ_from_the_lots_fail(books: str) -> None:
    """Exit code 1, and which currency: nobody signs such a report by oversight."""

    async def lose_a_unit() -> None:
        import asyncpg

        connection = await asyncpg.connect(books)
        await connection.execute("SET session_replication_role = replica; UPDATE lot SET remaining = remaining - 1")
        await connection.close()

    asyncio.run(lose_a_unit())
    told = run("report", "liability")
    assert told.exit_code == 1
    assert "the books say 250, the lots 249" in told.output


def test_breakage_and_months_that_are_none(books: Any) -> None:
    """The forecast answers for every currency; a month that is none is said to be so."""
    told = run("report", "breakage", "--since", "2020-01", "--until", "2020-02", "--json")
    assert told.exit_code == 0, told.output
    assert [one["outstanding"] for one in json.loads(told.stdout)] == [0]
    assert run("report", "liability", "--month", "November").exit_code == 2
    assert run("report", "breakage", "--since", "2020-02", "--until", "2020-01").exit_code == 2
