"""Pitfall 15: late or out-of-order events. Each is rated by the version and the tier of its own time."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.checkout import commands
from fedele.domains.checkout.ports import Till
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme
from tests.factories.till import NOON, basket, line, open_till

PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points, worth: 0.01}]
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points}
    - {key: first, type: purchase_fixed, name: First, currency: points, amount: 1000,
       when: member.purchases_count == 0}
tiers:
  counter: {type: spend}
  window: {type: calendar_year}
  levels:
    - {key: blue, name: Blue, threshold: 0}
    - {key: silver, name: Silver, threshold: 100, multiplier: 2}
    - {key: gold, name: Gold, threshold: 300, multiplier: 3}
"""
TODAY = Moment(NOON + timedelta(days=30))


async def sell(till: Till, member_id: MemberId, day: int, amount: int) -> dict[str, int]:
    """A sale of so many days after noon that reaches us today; what its rules gave."""
    sale = basket(line(amount=amount), member_id=member_id, occurred_at=NOON + timedelta(days=day))
    settled = await commands.settle(till, sale, sale.receipt, TODAY)
    return {award.rule: award.units for award in settled.awards}


async def history(admin: Any) -> list[tuple[str, datetime]]:
    """The tier that history gives for each day, from the lines in force."""
    rows = await admin.fetch(
        "SELECT DISTINCT ON (occurred_at) to_tier, occurred_at FROM tier_change ORDER BY occurred_at, change_id DESC"
    )
    return [(row["to_tier"], row["occurred_at"]) for row in rows]


async def test_a_late_sale_is_rated_by_the_tier_of_its_own_time(database: Database) -> None:
    """Silver since day 5: a sale of day 3 that comes today was made in blue, one of day 7 in silver."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    await sell(till, member_id, 5, 15_000)
    assert (await sell(till, member_id, 3, 1_000))["base"] == 10
    assert (await sell(till, member_id, 7, 1_000))["base"] == 20


async def test_a_late_sale_that_made_the_tier_corrects_the_history(database: Database, admin: Any) -> None:
    """150 euros of day 2 come after the 10 of day 9: silver since day 2, so what comes for day 4 is silver's."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    assert (await sell(till, member_id, 9, 1_000))["base"] == 10
    await sell(till, member_id, 2, 15_000)
    assert await history(admin) == [("silver", NOON + timedelta(days=2))]
    assert (await sell(till, member_id, 4, 1_000))["base"] == 20
    assert (await sell(till, member_id, 1, 1_000))["base"] == 10


async def test_a_late_sale_below_a_later_tier_leaves_it(database: Database, admin: Any) -> None:
    """Gold since day 9, and 150 euros of day 2 come late: silver from day 2, still gold from day 9."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    await sell(till, member_id, 9, 30_000)
    await sell(till, member_id, 2, 15_000)
    expected = [("silver", NOON + timedelta(days=2)), ("gold", NOON + timedelta(days=9))]
    assert await history(admin) == expected
    assert await admin.fetchval("SELECT tier_key FROM tier_standing") == "gold"
    kinds = await admin.fetch("SELECT payload ->> 'to_tier' AS tier FROM outbox WHERE kind = 'tiers.tier_changed'")
    assert [row["tier"] for row in kinds] == ["gold"]  # today nothing is different, so nothing more is announced


async def test_together_they_reach_a_tier_when_the_sum_does(database: Database, admin: Any) -> None:
    """60 euros of day 9 and 60 of day 2 that come later: silver when day 9 is over, and no sooner."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    await sell(till, member_id, 9, 6_000)
    await sell(till, member_id, 2, 6_000)
    (change,) = await history(admin)
    assert change == ("silver", datetime.fromisoformat("2026-05-30T00:00+02:00"))
    assert (await sell(till, member_id, 5, 1_000))["base"] == 10
    assert (await sell(till, member_id, 11, 1_000))["base"] == 20


SALES = ((1, 6_000), (4, 15_000), (9, 11_000), (12, 1_000))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::3])
async def test_the_order_of_arrival_changes_no_tier(database: Database, admin: Any, order: tuple[int, ...]) -> None:
    """Four sales in any order: the same standing, the same spend, and for each day the tier that it had."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    for place in order:
        await sell(till, member_id, *SALES[place])
    assert await admin.fetchval("SELECT tier_key FROM tier_standing") == "gold"
    assert await admin.fetchval("SELECT sum(amount) FROM tier_counter") == 33_000
    # One more of each day says which tier that day had: by its own sale at the latest, or from the day's end.
    found = [(await sell(till, member_id, day, 100))["base"] for day in (3, 6, 11)]
    assert found == [1, 2, 3]


async def test_facts_are_those_of_the_time(database: Database) -> None:
    """The first purchase is the first by its own time, not by its arrival."""
    till, member_id = await open_till(database, PROGRAMME), await enrolled(database)
    assert (await sell(till, member_id, 5, 100))["first"] == 1000
    assert (await sell(till, member_id, 3, 100))["first"] == 1000  # nothing was known before it
    assert "first" not in await sell(till, member_id, 4, 100)


async def test_a_late_sale_is_rated_by_the_version_of_its_own_time(database: Database, admin: Any) -> None:
    """Treble points begin on day 6; a sale of day 5 that comes today has what was in force on day 5."""
    await open_till(database, PROGRAMME)
    member_id = await enrolled(database)
    treble = PROGRAMME.replace("{key: base,", "{key: base, multiplier: 3,")
    await apply_programme(database, treble, NOON + timedelta(days=6))
    till = Till(database, ProgrammeSource(database, PROGRAMME_SECTIONS))
    assert (await sell(till, member_id, 7, 1_000))["base"] == 30
    assert (await sell(till, member_id, 5, 1_000))["base"] == 10
    rows = await admin.fetch(
        "SELECT programme_version AS v, units FROM award WHERE rule_key = 'base' ORDER BY award_id"
    )
    assert [(row["v"], row["units"]) for row in rows] == [(2, 30), (1, 10)]
