"""Expiry lives: activity extends it or starts it anew, and a change of tier governs the units that are there."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return
from fedele.domains.earning.commands import follow_tier
from fedele.domains.earning.handlers import handlers
from fedele.domains.earning.queries import grant
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.events import PointsBurned
from fedele.domains.ledger.queries import list_lots, verify
from fedele.domains.ledger.types import Burn, TransactionId
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from tests.factories.members import enrolled
from tests.factories.till import STORE, basket, line, open_till

STARS = CurrencyKey("stars")
PROGRAMME = """
format: 1
programme: {key: p, name: P, time_zone: America/New_York, home_currency: USD}
currencies:
  - {key: stars, name: stars, decimals: 1, kind: stars, EXPIRY}
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: stars}
    - {key: ride, type: event_award, name: Ride, currency: stars, event: ride, amount: 1}
tiers:
  window: {type: calendar_year}
  levels:
    - {key: green, name: Green, threshold: 0}
    - {key: gold, name: Gold, threshold: 500}
"""
EXTENDED = "expiry: {type: rolling, period: {months: 6}, end_of: month, activity_extends: {months: 1}}"
IDLE = "expiry: {type: inactivity, period: {months: 12}, activity: [ACTIVITY]}"
BY_TIER = "expiry: {type: rolling, period: {months: 6}, end_of: month}, expiry_by_tier: {gold: {type: never}}"


def noon(day: str) -> Moment:
    """Noon in New York, or nearly."""
    return Moment(datetime.fromisoformat(f"{day}T16:30+00:00"))


async def opened(database: Database, expiry: str) -> tuple[Till, MemberId]:
    """A till with this expiry, and a member."""
    till = await open_till(database, PROGRAMME.replace("EXPIRY", expiry))
    return till, await enrolled(database)


async def buy(till: Till, member_id: MemberId, day: str, amount: int = 1000, **given: Any) -> Any:
    """A sale at noon of this day."""
    sale = basket(line(amount=amount), member_id=member_id, currency="USD", **given)
    return await commands.settle(till, sale, sale.receipt, noon(day))


async def ends(database: Database, member_id: MemberId) -> list[str | None]:
    """The last day of every lot, in New York, in the order of burning."""
    lots = await list_lots(database.reader, member_id)
    last = [lot.expires_at and lot.expires_at - timedelta(hours=12) for lot in lots]
    return [instant and f"{instant.astimezone(UTC):%Y-%m-%d}" for instant in last]


async def test_idle_stars_end_six_months_after_their_month(database: Database) -> None:
    """Stars of 15 December, and nothing since: their last day is 30 June; what earned them extends nothing."""
    till, member_id = await opened(database, EXTENDED)
    await buy(till, member_id, "2025-12-15")
    await buy(till, member_id, "2025-12-20")
    assert await ends(database, member_id) == ["2026-06-30", "2026-06-30"]


async def test_each_month_of_activity_gives_a_month_more_once(database: Database) -> None:
    """Active in January (twice) and in March: two months more for December's stars, one for January's."""
    till, member_id = await opened(database, EXTENDED)
    await buy(till, member_id, "2025-12-15")
    for day in ("2026-01-10", "2026-01-31", "2026-03-05"):
        await buy(till, member_id, day)
    assert await ends(database, member_id) == ["2026-08-31", "2026-08-31", "2026-08-31", "2026-09-30"]
    assert not await verify(database.reader)


async def test_late_activity_of_a_month_counts_for_that_month(database: Database) -> None:
    """A sale of January that comes in March, after March's own: it extends what December earned, once."""
    till, member_id = await opened(database, EXTENDED)
    await buy(till, member_id, "2025-12-15")
    await buy(till, member_id, "2026-03-05")
    await buy(till, member_id, "2026-03-06", occurred_at=noon("2026-01-10").now)
    assert (await ends(database, member_id))[0] == "2026-07-31"  # January's own stars
    assert sorted(await ends(database, member_id)) == ["2026-07-31", "2026-08-31", "2026-09-30"]


@pytest.mark.parametrize(
    ("activity", "does", "last_day"),
    [
        ("purchase", "buy", "2027-03-05"),
        ("earn", "ride", "2027-03-05"),
        ("event", "wave", "2027-03-05"),
        ("burn", "burn", "2027-03-05"),
        ("purchase", "ride", "2026-05-20"),
        ("earn", "wave", "2026-05-20"),
        ("purchase, earn", "burn", "2026-05-20"),
    ],
)
async def test_declared_activity_moves_every_lot(database: Database, activity: str, does: str, last_day: str) -> None:
    """A year from the last purchase, earning, event or spending: what the programme calls activity, and no other."""
    till, member_id = await opened(database, IDLE.replace("ACTIVITY", activity))
    await buy(till, member_id, "2025-05-20")
    moment = noon("2026-03-05")
    if does == "buy":
        await buy(till, member_id, "2026-03-05")
    elif does == "burn":
        await _burn(database, member_id, moment)
    else:
        await commands.record_event(till, member_id, does, {}, "k", moment)
    assert (await ends(database, member_id))[0] == last_day


async def _burn(database: Database, member_id: MemberId, moment: Moment) -> None:
    """Spend a star on something, and let what listens run twice, as a job may."""
    async with database.transaction() as tx:
        burn = Burn(scope="test", key="b", currency=STARS, units=10)
        (posting,) = await post(tx, member_id, [burn], moment)
    event = PointsBurned(
        member_id=member_id, occurred_at=moment.now, currency=STARS, units=10, spendable=0,
        transaction_id=posting.transaction_id or TransactionId(new_id()),
    )  # fmt: skip
    _, keep_alive = handlers(database, ProgrammeSource(database, PROGRAMME_SECTIONS), lambda: moment)
    for _ in range(2):
        await keep_alive.run(event, new_id())


async def test_idleness_never_shortens_and_never_revives(database: Database) -> None:
    """A late sale moves nothing back; what had ended before the activity stays ended."""
    till, member_id = await opened(database, IDLE.replace("ACTIVITY", "purchase"))
    await buy(till, member_id, "2025-05-20")
    await buy(till, member_id, "2026-03-06", occurred_at=noon("2025-06-01").now)
    assert await ends(database, member_id) == ["2026-06-01", "2026-06-01"]
    await buy(till, member_id, "2026-06-02")
    assert await ends(database, member_id) == ["2026-06-01", "2026-06-01", "2027-06-02"]


async def follow(database: Database, till: Till, member_id: MemberId, day: str) -> int:
    """What the tier's change does to the lots."""
    moment = noon(day)
    async with database.transaction() as tx:
        return await follow_tier(tx, await till.programmes.at(moment.now), member_id, moment)


async def test_lots_follow_the_tier_up_and_down(database: Database) -> None:
    """Gold stars never end; lost by a return, gold gives them six months from then, and no day less."""
    till, member_id = await opened(database, BY_TIER)
    await buy(till, member_id, "2026-01-15")
    reached = await buy(till, member_id, "2026-03-10", 60_000)
    assert await ends(database, member_id) == ["2026-07-31", "2026-09-30"]
    assert await follow(database, till, member_id, "2026-03-10") == 2
    assert await ends(database, member_id) == [None, None]
    await buy(till, member_id, "2026-04-10")
    assert await ends(database, member_id) == [None, None, None]  # earned in gold
    asked = Return(
        store_id=STORE, lines=(ReturnedLine(1, line().quantity),), member_id=member_id, purchase_id=reached.purchase_id
    )
    await commands.return_lines(till, asked, "back", noon("2026-05-10"))
    assert await follow(database, till, member_id, "2026-05-10") == 2
    assert await ends(database, member_id) == ["2026-11-30", "2026-11-30"]
    assert await follow(database, till, member_id, "2026-06-20") == 0  # once, however often its job runs
    assert not await verify(database.reader)


async def test_changes_are_followed_in_their_order_however_late(database: Database) -> None:
    """Gold in March, lost in May, followed together in June: what gold had kept alive lives on from May."""
    till, member_id = await opened(database, BY_TIER)
    await buy(till, member_id, "2026-01-15")
    reached = await buy(till, member_id, "2026-03-10", 60_000)
    asked = Return(
        store_id=STORE, lines=(ReturnedLine(1, line().quantity),), member_id=member_id, purchase_id=reached.purchase_id
    )
    await commands.return_lines(till, asked, "back", noon("2026-05-10"))
    assert await follow(database, till, member_id, "2026-06-20") == 1
    assert await ends(database, member_id) == ["2026-11-30"]


async def test_a_job_and_the_close_that_follow_at_once_follow_once(database: Database, admin: Any) -> None:
    """Ten followers of one change at the same moment: one moves the lots, the others find nothing to do."""
    till, member_id = await opened(database, BY_TIER)
    await buy(till, member_id, "2026-01-15")
    await buy(till, member_id, "2026-03-10", 60_000)
    moved = await asyncio.gather(*(follow(database, till, member_id, "2026-03-10") for _ in range(10)))
    assert sorted(moved) == [0] * 9 + [2]
    assert await admin.fetchval("SELECT count(*) FROM lot_expiry_change") == 2
    assert await admin.fetchval("SELECT count(*) FROM expiry_tier") == 1


async def test_what_had_ended_is_not_revived_by_a_tier(database: Database) -> None:
    """Stars that ended on 31 July are gone, though unswept, when gold is reached in August."""
    till, member_id = await opened(database, BY_TIER)
    await buy(till, member_id, "2026-01-15")
    await buy(till, member_id, "2026-08-10", 60_000)
    assert await follow(database, till, member_id, "2026-08-10") == 1
    assert await ends(database, member_id) == ["2026-07-31", None]


async def test_units_given_outside_the_rules_live_by_the_same_rules(database: Database) -> None:
    """A challenge's stars end as the currency says for the tier, and keep the others alive like any earning."""
    till, member_id = await opened(database, IDLE.replace("ACTIVITY", "earn"))
    await buy(till, member_id, "2025-05-20")
    moment = noon("2026-03-05")
    programme = await till.programmes.at(moment.now)
    operations = grant(
        programme, "stars", 50, scope="challenge", key="c1", source="challenge", tier="green", at=moment.now,
        reason={"challenge": "c1"},
    )  # fmt: skip
    async with database.transaction() as tx:
        await post(tx, member_id, operations, moment)
    assert await ends(database, member_id) == ["2027-03-05", "2027-03-05"]


async def test_what_comes_late_follows_the_tier_since_its_time(database: Database) -> None:
    """Stars of January that reach us in April, a month after gold: they were earned in green, and never end."""
    till, member_id = await opened(database, BY_TIER)
    await buy(till, member_id, "2026-03-10", 60_000)
    await follow(database, till, member_id, "2026-03-10")
    await buy(till, member_id, "2026-04-10", occurred_at=noon("2026-01-15").now)
    assert await ends(database, member_id) == [None, None]


async def test_in_the_end_the_present_tier_governs(database: Database) -> None:
    """Diamond is followed; then a late sale says that gold came before it: the stars go on ending as diamond's do."""
    by_tier = BY_TIER.replace(
        "gold: {type: never}", "gold: {type: never}, diamond: {type: rolling, period: {years: 2}}"
    )
    more = "    - {key: gold, name: Gold, threshold: 500}\n    - {key: diamond, name: Diamond, threshold: 2000}\n"
    text = PROGRAMME.replace("    - {key: gold, name: Gold, threshold: 500}\n", more).replace("EXPIRY", by_tier)
    till = await open_till(database, text)
    member_id = await enrolled(database)
    await buy(till, member_id, "2026-03-10", 250_000)
    await follow(database, till, member_id, "2026-03-10")
    assert await ends(database, member_id) == ["2028-03-10"]
    await buy(till, member_id, "2026-04-10", 60_000, occurred_at=noon("2026-03-01").now)
    await follow(database, till, member_id, "2026-04-10")
    assert set(await ends(database, member_id)) == {"2028-03-10"}
