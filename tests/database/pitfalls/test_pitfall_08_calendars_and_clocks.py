"""Pitfall 8: 31 January and a month; the end of the programme's day; the clock's change; pending units' own time."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.checkout import commands
from fedele.domains.ledger.queries import balances_by_member, list_lots
from fedele.kernel.clock import Moment
from tests.factories.members import enrolled
from tests.factories.till import basket, line, open_till

PROGRAMME = """
format: 1
programme: {key: days, name: Days, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points, expiry: EXPIRY}]
earning:
  rules: [{key: base, type: purchase_multiplier, name: Base, currency: points WAITS}]
"""


async def lot_of(database: Database, expiry: str, sold_at: str, waits: str = "") -> tuple[Any, Any]:
    """The member and the lot of a sale of ten euros at this instant."""
    till = await open_till(
        database, PROGRAMME.replace("EXPIRY", expiry).replace(" WAITS", f", {waits}" if waits else "")
    )
    member_id = await enrolled(database)
    now = datetime.fromisoformat(sold_at)
    await commands.settle(till, basket(line(), member_id=member_id, occurred_at=now), "k", Moment(now))
    (lot,) = await list_lots(database.reader, member_id)
    return member_id, lot


@pytest.mark.parametrize(
    ("expiry", "sold_at", "ends"),
    [
        ("{type: rolling, period: {months: 1}}", "2027-01-31T10:00+00:00", "2027-02-28T23:00+00:00"),
        ("{type: rolling, period: {months: 1}}", "2028-01-31T10:00+00:00", "2028-02-29T23:00+00:00"),
        # Five to midnight in Rome is the day's own; five past, the next one's, although UTC calls both the 20th.
        ("{type: rolling, period: {days: 1}}", "2026-05-20T21:55+00:00", "2026-05-21T22:00+00:00"),
        ("{type: rolling, period: {days: 1}}", "2026-05-20T22:05+00:00", "2026-05-22T22:00+00:00"),
        # A day of 23 hours and one of 25 are days.
        ("{type: rolling, period: {days: 1}}", "2026-03-28T12:00+00:00", "2026-03-29T22:00+00:00"),
        ("{type: rolling, period: {days: 1}}", "2026-10-24T12:00+00:00", "2026-10-25T23:00+00:00"),
        ("{type: rolling, period: {months: 6}, end_of: month}", "2026-12-15T12:00+00:00", "2027-06-30T22:00+00:00"),
        ("{type: rolling, period: {years: 1}, end_of: year}", "2026-05-20T12:00+00:00", "2027-12-31T23:00+00:00"),
        ("{type: fixed_date, month: 2, day: 29}", "2026-05-20T12:00+00:00", "2027-02-28T23:00+00:00"),
        ("{type: fixed_date, month: 1, day: 3, years: 1}", "2026-05-20T12:00+00:00", "2028-01-03T23:00+00:00"),
        ("{type: inactivity, period: {months: 12}}", "2028-02-29T12:00+00:00", "2029-02-28T23:00+00:00"),
    ],
)
async def test_units_end_at_the_midnight_that_ends_their_last_day(
    database: Database, expiry: str, sold_at: str, ends: str
) -> None:
    """Whatever the kind of expiry, its instant is a midnight in Rome, summer and winter."""
    member_id, lot = await lot_of(database, expiry, sold_at)
    assert lot.expires_at.astimezone(UTC) == datetime.fromisoformat(ends)
    for at, spendable in ((lot.expires_at.timestamp() - 1, 10), (lot.expires_at.timestamp(), 0)):
        moment = datetime.fromtimestamp(at, UTC)
        (balance,) = (await balances_by_member(database.reader, [member_id], moment))[member_id]
        assert balance.available == spendable


@pytest.mark.parametrize(
    ("waits", "active", "ends"),
    [
        ("pending_days: 30", "2026-06-18T22:00+00:00", "2026-07-19T22:00+00:00"),
        ("activates_on: {month: 3, day: 1}", "2027-02-28T23:00+00:00", "2027-04-01T22:00+00:00"),
        ("activates_on: {month: 2, day: 29, years: 2}", "2028-02-28T23:00+00:00", "2028-03-29T22:00+00:00"),
        ("activates_on: {month: 6, day: 1, years: 0}", "2026-05-31T22:00+00:00", "2026-07-01T22:00+00:00"),
        ("activates_on: {month: 5, day: 20, years: 0}", "2027-05-19T22:00+00:00", "2027-06-20T22:00+00:00"),
    ],
)
async def test_what_waits_lives_from_the_day_it_can_be_spent(
    database: Database, waits: str, active: str, ends: str
) -> None:
    """A month of life begins when the units become active: after the return window, or on the dividend's day."""
    _, lot = await lot_of(database, "{type: rolling, period: {months: 1}}", "2026-05-20T12:00+00:00", waits)
    assert (lot.state, lot.activates_at.astimezone(UTC)) == ("pending", datetime.fromisoformat(active))
    assert lot.expires_at.astimezone(UTC) == datetime.fromisoformat(ends)
