"""Pitfall 7: an automatic redemption that drains the balance before the tier is judged costs the member the tier."""

from datetime import date, datetime, timedelta
from typing import Any

from fedele.bootstrap import CLOSING_STEPS
from fedele.db.database import Database
from fedele.domains.auto_rewards.handlers import handlers
from fedele.domains.checkout.commands import settle
from fedele.domains.checkout.ports import Till
from fedele.domains.closing.commands import close_day
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.queries import status_of
from fedele.jobs.inline import run_what_follows
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.members import enrolled
from tests.factories.till import NOON, basket, line, open_till

TEXT = """
format: 1
programme: {key: auto, name: Auto, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.05}
earning:
  rules: [{key: base, type: purchase_multiplier, name: Base, currency: points, tier_multiplier: false}]
tiers:
  counter: {type: earned, currency: points}
  window: {type: rolling, months: 12}
  levels:
    - {key: club, name: Club, threshold: 0}
    - {key: gold, name: Gold, threshold: 200}
rewards:
  - {key: five, type: discount_amount, name: Five off, value: 5}
auto_rewards:
  - {key: back, currency: points, every: 100, reward: five, issue: ISSUE}
"""


async def spends(till: Till, member_id: MemberId, amount_minor: int, at: datetime) -> None:
    """A sale of one line."""
    await settle(till, basket(line(1, amount_minor), member_id=member_id), f"{member_id}{at}", Moment(at))


async def test_pitfall_07_units_that_became_rewards_still_count(database: Database, admin: Any) -> None:
    """120 points become a reward at once; the next 90 make 210 earned, and the tier follows, with 10 points left."""
    till = await open_till(database, TEXT.replace("ISSUE", "at_once"))
    member_id = await enrolled(database)
    for amount, at in ((12_000, NOON), (9_000, NOON + timedelta(days=1))):
        await spends(till, member_id, amount, at)
        await run_what_follows(database, _handlers(database, till, at))
    await _is_gold_with(database, till, member_id, 10, NOON + timedelta(days=1))


async def test_pitfall_07_the_close_issues_before_it_judges_and_the_tier_stands(database: Database, admin: Any) -> None:
    """On the day's close rewards come before tiers: both see what was earned, neither takes from the other."""
    till = await open_till(database, TEXT.replace("ISSUE", "close"))
    member_id = await enrolled(database)
    await spends(till, member_id, 21_000, NOON)
    midnight = Moment(NOON + timedelta(days=1))
    assert [step.key for step in CLOSING_STEPS][:4] == ["settle", "auto_rewards", "tiers", "expiry"]
    closed = await close_day(database, till.programmes, date(2026, 5, 20), midnight, CLOSING_STEPS)
    assert {step.key: step.changed_count for step in closed.steps}["auto_rewards"] == 2
    await _is_gold_with(database, till, member_id, 10, midnight.now)


def _handlers(database: Database, till: Till, now: datetime) -> tuple[Any, ...]:
    async def at(when: datetime) -> Programme:
        return await till.programmes.at(when)

    return handlers(database, at, lambda: Moment(now))


async def _is_gold_with(database: Database, till: Till, member_id: MemberId, left: int, at: datetime) -> None:
    status = await status_of(database.reader, await till.programmes.at(at), member_id, Moment(at))
    (balance,) = (await balances_by_member(database.reader, [member_id], at))[member_id]
    assert (status.current if status else None, balance.available) == ("gold", left)
