"""The demo's imported year as an auditor reads it: every month adds up, and the lots say the same."""

from pathlib import Path

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.cli.demo_data import load_demo_data
from fedele.db.database import Database
from fedele.domains.analytics import queries
from fedele.domains.ledger.queries import programme_totals
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from tests.factories.members import PEPPERS

pytest.importorskip("duckdb")


async def test_a_year_of_purchases_makes_a_liability_that_adds_up(database: Database, tmp_path: Path) -> None:
    """By when it happened the year falls into its months; by when it was booked, into one; both end where the lots and
    the ledger's own totals are, and defer less than the units are worth. The forecast is printed beside the truth."""
    programmes, moment = ProgrammeSource(database, PROGRAMME_SECTIONS), moment_now()
    await load_demo_data(database, programmes, tmp_path, peppers=PEPPERS, households=8, moment=moment)
    happened = await queries.liability(database, programmes, moment)
    booked = await queries.liability(database, programmes, moment, "recorded")
    assert (happened.problems(), booked.problems()) == ([], [])
    months = [month for month in happened.months if month.currency == "points"]
    assert len(months) >= 12
    assert sum(month.issued > 0 for month in months) >= 12
    totals = {total.currency: total for total in await programme_totals(database.reader)}
    last = {report.basis: [m for m in report.months if m.currency == "points"][-1] for report in (happened, booked)}
    for month in last.values():
        assert month.closing == totals["points"].outstanding
        assert month.outstanding == happened.lots["points"].outstanding
        assert 0 < month.deferred_minor <= month.outstanding  # a point is worth a cent
    assert sum(month.issued for month in months) == totals["points"].issued
    assert sum(month.allocated_minor for month in months) == pytest.approx(
        sum(month.recognised_minor + month.reversed_minor for month in months) + last["occurred"].deferred_minor
    )
    middle, end = months[len(months) // 2].month, months[-1].month
    for told in await queries.breakage_forecast(database, programmes, moment, middle, end):
        print(told)
        assert told.came_true is not None
        assert abs(told.expected - told.came_true) <= 0.05 * told.outstanding
