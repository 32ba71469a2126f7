"""`fedele journey list` and `trace` as typed, and the console's documents: the same journeys, the same reasons."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from fedele.cli import app
from fedele.db.database import Database
from fedele.kernel.ids import encode_id
from tests.database.journeys.test_a_member_goes_through import checks_in
from tests.database.journeys.test_members_are_not_stranded import TRIP
from tests.factories.journeys import Tour
from tests.factories.members import enrolled


async def typed(*arguments: str) -> Any:
    """The command, in a thread of its own: it brings its own event loop."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env={"COLUMNS": "300"})


@pytest.fixture
async def member(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A member inside a journey; the command reaches this test's database."""
    monkeypatch.setenv("FEDELE_DATABASE_URL", database_url)
    tour = await Tour.of(database, TRIP)
    member_id = await enrolled(database)
    await checks_in(tour, member_id)
    return encode_id("member", member_id)


async def test_the_list_says_who_is_inside(member: str) -> None:
    """As a table and as JSON."""
    shown = await typed("journey", "list")
    assert shown.exit_code == 0, shown.output
    assert "trip" in shown.output
    (one,) = json.loads((await typed("journey", "list", "--json")).output)
    assert (one["journey_key"], one["inside"], one["entered"], one["in_programme"]) == ("trip", 1, 1, True)


async def test_the_trace_shows_the_path_and_the_reasons(member: str) -> None:
    """Each step, its outcome and why; where the member stands."""
    shown = await typed("journey", "trace", member)
    assert shown.exit_code == 0, shown.output
    assert "active, at rest, due" in shown.output
    assert "hello" in shown.output
    assert "in_app: allowed" in shown.output.replace('"', "").replace("{", "").replace(":allowed", ": allowed")
    (one,) = json.loads((await typed("journey", "trace", member, "--json")).output)
    assert [line["visit"]["outcome"] for line in one["lines"]] == ["entered", "sent"]


async def test_what_is_no_member_is_refused(member: str) -> None:
    """With a word about what an id looks like."""
    shown = await typed("journey", "trace", "anna")
    assert shown.exit_code == 2
    assert "member_" in shown.output
    nobody = await typed("journey", "trace", encode_id("member", UUID(int=5)))
    assert "no journey" in nobody.output
