"""Liability: every month adds up, and what the books say at a month's end is what the lots held then, to the unit."""

import asyncio
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.analytics import queries
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.histories import Player, steps
from tests.factories.programme import SMALL, apply_programme
from tests.fixtures.database import empty_tables

TWO_CURRENCIES = SMALL + "  - {key: stars, name: stars, decimals: 1, worth: 0.10}\n"


@pytest.mark.parametrize("basis", ["recorded", "occurred"])
def test_any_history_adds_up(database_url: str, basis: str) -> None:
    """Earns, pending, burns, returns, debt, holds, expiry in any order: opening + movements = closing for every month
    and currency, and each closing is what the lots held when that month really ended."""

    @given(steps)
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def play(chosen: list[Any]) -> None:
        asyncio.run(_one_history(database_url, chosen, basis))

    play()


async def _one_history(database_url: str, chosen: list[Any], basis: Any) -> None:
    from fedele.db.database import connect, open_database

    admin = await connect(database_url)
    await empty_tables(admin)
    database = open_database(database_url, size=4, role="fedele_app")
    try:
        await apply_programme(database, TWO_CURRENCIES)
        player = Player(database, admin, [MemberId(new_id()) for _ in range(3)])
        for step in chosen:
            await player.play(step)
        await player.turn(24 * 40)  # the last month ends too
        programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
        report = await queries.liability(database, programmes, Moment(player.now), basis)
        assert report.problems() == []
        told = {(one.currency, one.month): one for one in report.months}
        for (currency, month), held in player.seen.items():
            assert told[currency, month].outstanding == held, (currency, month)
        _carried_over(report.months)
    finally:
        await database.close()
        await admin.close()


def _carried_over(months: Any) -> None:
    """One month's closing is the next one's opening, in units and in money; deferred revenue is never negative."""
    for earlier, later in pairwise(months):
        if earlier.currency == later.currency:
            assert later.opening == earlier.closing
            assert later.deferred_opening_minor == earlier.deferred_minor
    for one in months:
        moved = one.allocated_minor - one.reversed_minor - one.recognised_minor
        assert one.deferred_opening_minor + moved == one.deferred_minor
        assert one.deferred_minor >= 0
        assert one.provision_minor >= 0
        assert 0 <= one.expected_breakage <= max(one.outstanding, 0)


async def test_a_fault_in_the_books_is_told(database: Database, admin: Any) -> None:
    """The control: a lot that lost a unit behind the books' back makes the report say so, and which currency."""
    await apply_programme(database, TWO_CURRENCIES)
    player = Player(database, admin, [MemberId(new_id())])
    await player.play((0, 0, "earn", 100, 0))
    programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
    assert (await queries.liability(database, programmes, Moment(player.now))).problems() == []
    async with admin.transaction():
        await admin.execute("SET LOCAL session_replication_role = replica")
        await admin.execute("UPDATE lot SET remaining = remaining - 1")
    report = await queries.liability(database, programmes, Moment(player.now))
    assert report.problems() == ["points: the books say 100, the lots 99"]


async def test_nothing_can_be_written_and_every_statement_sees_one_instant(database: Database, admin: Any) -> None:
    """The snapshot is read-only, and what commits while it is open is not seen: a replica serves it."""
    await apply_programme(database, TWO_CURRENCIES)
    async with database.snapshot() as db:
        assert await db.fetch_value("SELECT count(*) FROM lot") == 0
        await Player(database, admin, [MemberId(new_id())]).play((0, 0, "earn", 100, 0))
        assert await db.fetch_value("SELECT count(*) FROM lot") == 0
        with pytest.raises(Exception, match="read-only transaction"):
            await db.fetch("SELECT member_lock_v1($1)", new_id())


async def test_no_books_no_months(database: Database, admin: Any) -> None:
    """A programme on its first morning owes nothing and says so."""
    await apply_programme(database, TWO_CURRENCIES)
    report = await queries.liability(database, ProgrammeSource(database, PROGRAMME_SECTIONS), _MORNING)
    assert (report.months, report.lots, report.problems()) == ((), {}, [])


_MORNING = Moment(Player._next(date(2026, 1, 1)))
