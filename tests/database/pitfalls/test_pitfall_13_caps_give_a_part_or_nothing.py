"""Pitfall 13: cap semantics. Every period of the programme's calendar, a part or nothing, never overshot by a race."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.checkout import commands
from fedele.kernel.clock import Moment
from tests.factories.members import enrolled
from tests.factories.till import basket, line, open_till

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points}]
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points,
       caps: [{per: PERIOD, amount: 15, over: OVER}]}
"""
JOINED = Moment(datetime.fromisoformat("2025-09-15T10:00+02:00"))

# Ten euros bought at these instants, in Rome; what each brings when a part fits, and when only the whole does.
PERIODS = {
    "transaction": (["2026-05-20T10:00", "2026-05-20T11:00"], [10, 10], [10, 10]),
    "day": (["2026-05-20T10:00", "2026-05-20T23:59", "2026-05-21T00:01"], [10, 5, 10], [10, 0, 10]),
    "week": (["2026-05-20T10:00", "2026-05-24T23:59", "2026-05-25T00:01"], [10, 5, 10], [10, 0, 10]),
    "month": (["2026-05-01T00:01", "2026-05-31T23:59", "2026-06-01T00:01"], [10, 5, 10], [10, 0, 10]),
    "quarter": (["2026-04-01T00:01", "2026-06-30T23:59", "2026-07-01T00:01"], [10, 5, 10], [10, 0, 10]),
    "year": (["2026-01-01T00:01", "2026-12-31T23:59", "2027-01-01T00:01"], [10, 5, 10], [10, 0, 10]),
    "membership_year": (
        ["2025-12-31T23:00", "2026-09-14T23:59", "2026-09-15T00:01", "2027-09-14T23:59"],
        [10, 5, 10, 5],
        [10, 0, 10, 0],
    ),
    "lifetime": (["2026-01-01T00:01", "2027-12-31T23:59", "2035-01-01T00:01"], [10, 5, 0], [10, 0, 0]),
}


@pytest.mark.parametrize("over", ["partial", "reject"])
@pytest.mark.parametrize("period", PERIODS)
async def test_a_cap_gives_a_part_or_nothing_in_its_own_period(database: Database, period: str, over: str) -> None:
    """15 points a period, ten euros a sale: the second brings what still fits, or nothing, and the next period all."""
    till = await open_till(database, PROGRAMME.replace("PERIOD", period).replace("OVER", over))
    member_id = await enrolled(database, joined_at=JOINED.now)
    instants, parts, wholes = PERIODS[period]
    given = []
    for instant in instants:
        summer = "03-29" < instant[5:10] < "10-25"
        moment = Moment(datetime.fromisoformat(f"{instant}+0{2 if summer else 1}:00"))
        sale = basket(member_id=member_id)
        settled = await commands.settle(till, sale, sale.receipt, moment)
        given.append(sum(award.units for award in settled.awards))
    assert given == (parts if over == "partial" else wholes)


async def test_fifteen_sales_at_once_never_overshoot(database: Database, admin: Any) -> None:
    """Fifteen tills sell to one member at the same moment: together they give what the cap allows, to the unit."""
    till = await open_till(database, PROGRAMME.replace("PERIOD", "day").replace("OVER", "partial"))
    member_id = await enrolled(database)
    sales = [basket(line(amount=400), member_id=member_id) for _ in range(15)]
    moment = Moment(datetime.fromisoformat("2026-05-20T10:00+02:00"))
    await asyncio.gather(*(commands.settle(till, sale, sale.receipt, moment) for sale in sales))
    assert await admin.fetchval("SELECT sum(units) FROM award") == 15


@pytest.mark.parametrize(("over", "given"), [("partial", [60, 40, 0]), ("reject", [60, 0, 0])])
async def test_a_cap_cuts_events_too(database: Database, over: str, given: list[int]) -> None:
    """Sixty points a ride, a hundred a year: the second brings the rest, or nothing."""
    rules = "    - {key: ride, type: event_award, name: Ride, currency: points, event: ride, amount: 60,\n"
    rules += f"       caps: [{{per: year, amount: 100, over: {over}}}]}}\n"
    till = await open_till(database, PROGRAMME[: PROGRAMME.index("    - {key: base")] + rules)
    member_id = await enrolled(database)
    found = []
    for number in range(3):
        moment = Moment(datetime.fromisoformat(f"2026-05-2{number}T10:00+02:00"))
        settled = await commands.record_event(till, member_id, "ride", {}, f"k{number}", moment)
        found.append(sum(award.units for award in settled.awards))
    assert found == given
