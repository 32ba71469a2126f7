"""Pitfall 5: what falls due on one day falls due in a stated order: settle → auto-rewards → tiers → expiry → tiers."""

from datetime import date, datetime, timedelta
from typing import Any

from fedele.bootstrap import CLOSING_STEPS
from fedele.db.database import Database
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.tiers.commands import review_members
from fedele.kernel.clock import Moment
from tests.factories.closing import DAY, MIDNIGHT, ROME, closes, counts, gives, rome
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme

# Units come due and expire in one night; 100 of them make a reward.
BUSY = ROME.replace(
    "tiers:",
    """
rewards:
  - {key: five, type: discount_amount, name: Five, cost: {currency: points, amount: 100}, value: 5.00}
auto_rewards:
  - {key: auto, currency: points, every: 100, reward: five, issue: close}
tiers:""",
)


def test_the_order_is_the_stated_one() -> None:
    """The registry says it, and nothing may be put between."""
    assert [step.key for step in CLOSING_STEPS] == [
        "settle", "auto_rewards", "tiers", "expiry", "tiers_after_expiry", "announce_expiry",
    ]  # fmt: skip


async def test_units_that_settle_and_expire_in_one_night_settle_first(database: Database) -> None:
    """A worker that slept a day finds both due: they are settled, then swept; nothing of them is left over."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 60, activates_at=MIDNIGHT - timedelta(days=1), expires_at=MIDNIGHT)
    await closes(database, programmes)
    (balance,) = (await balances_by_member(database.reader, [member_id], MIDNIGHT))[member_id]
    assert (balance.pending, balance.available) == (0, 0)
    kinds = await database.reader.fetch("SELECT kind FROM ledger_transaction ORDER BY recorded_at, id")
    assert [row["kind"] for row in kinds] == ["earn", "settle", "expire"]


async def test_gold_of_that_night_saves_what_green_would_have_lost(database: Database) -> None:
    """The tier rises at the close; Gold's stars never expire: the stars that would end at this midnight stay."""
    programmes, member_id, green = await rome(database), await enrolled(database), await enrolled(database)
    await closes(database, programmes, DAY - timedelta(days=1))
    await counts(database, member_id, {DAY: 25_000})
    await apply_programme(database, ROME.replace("threshold: 300", "threshold: 200"), MIDNIGHT - timedelta(hours=2))
    for one in (member_id, green):
        await gives(database, one, 50, currency="stars", expires_at=MIDNIGHT)
    await closes(database, type(programmes)(database, programmes.sections))
    rows = await database.reader.fetch("SELECT member_id, remaining, expires_at FROM lot ORDER BY remaining")
    assert [tuple(row) for row in rows] == [(green, 0, MIDNIGHT), (member_id, 50, None)]


async def test_control_the_other_order_loses_them(database: Database) -> None:
    """With expiry before tiers the same stars are swept: the test above sees the difference."""
    programmes, member_id = await rome(database), await enrolled(database)
    await closes(database, programmes, DAY - timedelta(days=1))
    await counts(database, member_id, {DAY: 25_000})
    await apply_programme(database, ROME.replace("threshold: 300", "threshold: 200"), MIDNIGHT - timedelta(hours=2))
    await gives(database, member_id, 50, currency="stars", expires_at=MIDNIGHT)
    steps = {step.key: step for step in CLOSING_STEPS}
    wrong = [steps[key] for key in ("settle", "auto_rewards", "expiry", "tiers")]
    await closes(database, type(programmes)(database, programmes.sections), steps=wrong)
    assert await database.reader.fetch_value("SELECT remaining FROM lot") == 0


async def test_what_settles_that_night_pays_the_reward_before_it_expires(database: Database, admin: Any) -> None:
    """40 that expire tonight and 60 that settled today make one reward of 100: nothing is left to expire."""
    programmes, member_id = await rome(database, BUSY), await enrolled(database)
    await gives(database, member_id, 40, expires_at=MIDNIGHT)
    settles_at = MIDNIGHT - timedelta(hours=1)  # that of midnight itself belongs to the next day
    await gives(database, member_id, 60, activates_at=settles_at, expires_at=MIDNIGHT + timedelta(days=90))
    closed = await closes(database, programmes)
    changed = {step.key: step.changed_count for step in closed.steps}
    assert (changed["settle"], changed["auto_rewards"], changed["expiry"]) == (1, 1, 0)
    assert await admin.fetchval("SELECT count(*) FROM redemption WHERE member_id = $1", member_id) == 1
    (balance,) = (await balances_by_member(database.reader, [member_id], MIDNIGHT))[member_id]
    assert balance.available == 0


async def test_a_tier_that_ends_tonight_ends_before_what_hangs_on_it(database: Database) -> None:
    """Gold to the last day of the year: the close of that day lowers the tier and gives its stars an end again."""
    programmes, member_id = await rome(database), await enrolled(database)
    await counts(database, member_id, {DAY: 30_000})
    async with database.transaction() as tx:
        await review_members(tx, await programmes.at(MIDNIGHT), [member_id], MIDNIGHT, Moment(MIDNIGHT))
    await gives(database, member_id, 50, currency="stars", occurred_at=MIDNIGHT)
    await closes(database, programmes, date(2026, 12, 31))
    expires_at: datetime | None = await database.reader.fetch_value("SELECT expires_at FROM lot")
    assert expires_at is not None
