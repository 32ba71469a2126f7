"""Automatic rewards to the unit: how many, out of which units, within which limits, and back again."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.auto_rewards import commands, queries
from fedele.domains.auto_rewards.errors import ModeUnknown
from fedele.domains.closing.types import DayEnd
from fedele.domains.ledger.commands import post, settle_pending
from fedele.domains.ledger.queries import list_lots, verify
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import add_codes, cancel_redemption, use_redemption
from fedele.domains.rewards.errors import RedemptionFinal
from fedele.domains.rewards.queries import list_held
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey
from fedele.kernel.refusal import NotFound
from tests.factories.auto_rewards import NOW, balance_of, earns, follow, held, takes_back
from tests.factories.ledger import earn
from tests.factories.members import enrolled
from tests.factories.programme import SMALL, make_programme

REWARDS = """
rewards:
  - {key: drink, type: free_product, name: Drink}
  - {key: five, type: discount_amount, name: Five off, value: 5}
  - {key: ten, type: discount_amount, name: Ten off, value: 10, usable_for: {months: 11}}
  - {key: twenty, type: discount_amount, name: Twenty off, value: 20}
  - {key: few, type: discount_amount, name: Few, value: 5, stock: 1}
  - {key: coded, type: voucher_code, name: Coded, codes: pool}
auto_rewards:
"""
CAFE = make_programme(SMALL + REWARDS + "  - {key: tenth, currency: points, every: 10, reward: drink}\n")
CHOICE = make_programme(
    SMALL
    + REWARDS
    + """
  - key: dsw
    currency: points
    choice: {default: five, modes: {five: {every: 100, reward: five}, ten: {every: 200, reward: ten}, save: {}}}
"""
)
WINDOWS = """
  - key: xplr
    currency: points
    every: 100
    reward: ten
    issue: window_end
    windows:
      - {from: {month: 2, day: 1}, until: {month: 5, day: 31}}
      - {from: {month: 6, day: 1}, until: {month: 9, day: 30}}
      - {from: {month: 10, day: 1}, until: {month: 1, day: 31}}
    limits: [{per: window, times_max: 5}, {per: year, times_max: 12}]
"""
XPLR = make_programme(SMALL + REWARDS + WINDOWS)


def end_of(day: date, programme: Programme, late: timedelta = timedelta(minutes=5)) -> DayEnd:
    """The end of a day in Rome (one or two hours before midnight UTC), done a little later."""
    summer = date(day.year, 3, 29) <= day < date(day.year, 10, 25)
    at = datetime(day.year, day.month, day.day, 22 if summer else 23, tzinfo=UTC)
    return DayEnd(day=day, at=at, moment=Moment(at + late), programme=programme)


async def closes(database: Database, day: date, programme: Programme, late: timedelta = timedelta(minutes=5)) -> int:
    """The close's step for everybody."""
    return await commands.issue_due(database, end_of(day, programme, late))


async def test_twelve_drinks_are_a_reward_and_two_stamps(database: Database, admin: Any) -> None:
    """The café's card: the tenth stamp brings the drink, what is over stays, oldest stamps are spent first."""
    member_id = await enrolled(database)
    await earns(database, CAFE, member_id, 9)
    assert await held(database, member_id) == []
    await earns(database, CAFE, member_id, 3, NOW + timedelta(hours=1))
    assert await held(database, member_id) == ["drink"]
    assert (await balance_of(database, member_id)).available == 2
    assert [lot.remaining for lot in await list_lots(database.reader, member_id)] == [2]
    assert await admin.fetchval("SELECT source FROM redemption") == "auto"
    assert await verify(database.reader) == []


async def test_a_refund_revokes_the_unused_reward(database: Database, admin: Any) -> None:
    """Twelve drinks, three come back: nine were bought, so the drink goes and nine stamps are there again."""
    member_id = await enrolled(database)
    bought = await earns(database, CAFE, member_id, 12)
    await takes_back(database, CAFE, member_id, bought, 3)
    balance = await balance_of(database, member_id)
    assert (await held(database, member_id), balance.available, balance.debt) == ([], 9, 0)
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'auto_rewards.revoked'") == 0  # was taken
    await earns(database, CAFE, member_id, 1)
    assert (await held(database, member_id), (await balance_of(database, member_id)).available) == (["drink"], 0)
    assert await verify(database.reader) == []


async def test_a_refund_that_the_rest_covers_leaves_the_reward(database: Database, admin: Any) -> None:
    """Twelve drinks, two come back: ten were bought, and the reward is earned."""
    member_id = await enrolled(database)
    bought = await earns(database, CAFE, member_id, 12)
    await takes_back(database, CAFE, member_id, bought, 2)
    balance = await balance_of(database, member_id)
    assert (await held(database, member_id), balance.available, balance.debt) == (["drink"], 0, 0)


async def test_a_used_reward_leaves_a_debt_that_later_stamps_pay(database: Database, admin: Any) -> None:
    """Twelve drinks, the free one drunk, three come back: one stamp is owed and the next one pays it."""
    member_id = await enrolled(database)
    bought = await earns(database, CAFE, member_id, 12)
    (reward,) = await list_held(database.reader, member_id, NOW)
    async with database.transaction() as tx:
        await use_redemption(tx, member_id, reward.id, "store-1", Moment(NOW))
    await takes_back(database, CAFE, member_id, bought, 3)
    assert (await balance_of(database, member_id)).debt == 1
    await earns(database, CAFE, member_id, 3)
    balance = await balance_of(database, member_id)
    assert (balance.available, balance.debt) == (2, 0)


async def test_several_rewards_are_revoked_newest_first_and_no_more_than_needed(database: Database, admin: Any) -> None:
    """Thirty-five stamps and three drinks; eleven come back: of six owed stamps one drink pays."""
    member_id = await enrolled(database)
    bought = await earns(database, CAFE, member_id, 35)
    first = [one.id for one in await list_held(database.reader, member_id, NOW)]
    await takes_back(database, CAFE, member_id, bought, 11)
    assert await held(database, member_id) == ["drink", "drink"]
    assert (await balance_of(database, member_id)).available == 4
    revoked = await admin.fetchval("SELECT redemption_id FROM auto_reward_issue WHERE revoked_at IS NOT NULL")
    assert revoked == max(first)


async def test_twenty_tasks_issue_what_one_would(database: Database, admin: Any) -> None:
    """Twenty tasks see the same hundred stamps at once: ten drinks, not two hundred, and every stamp spent once."""
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(100)], Moment(NOW))

    async def issue() -> int:
        async with database.transaction() as tx:
            return await commands.issue_for_member(tx, CAFE, member_id, Moment(NOW))

    counts = await asyncio.gather(*(issue() for _ in range(20)))
    assert (sorted(counts), await held(database, member_id)) == ([0] * 19 + [10], ["drink"] * 10)
    assert await admin.fetchval("SELECT count(*) FROM ledger_transaction WHERE kind = 'burn'") == 10
    assert await verify(database.reader) == []


async def test_the_member_chooses_two_fives_or_a_ten(database: Database, admin: Any) -> None:
    """DSW: 200 points are two five-dollar rewards by default, or one of ten for who chose it; `save` issues none."""
    two_fives, a_ten, saver = [await enrolled(database) for _ in range(3)]
    for member_id, mode in ((a_ten, "ten"), (saver, "save")):
        async with database.transaction() as tx:
            progress = await commands.choose_auto_reward(tx, CHOICE, member_id, "dsw", mode, Moment(NOW))
        assert progress.mode_key == mode
    for member_id in (two_fives, a_ten, saver):
        await earns(database, CHOICE, member_id, 200)
    assert [await held(database, member_id) for member_id in (two_fives, a_ten, saver)] == [["five"] * 2, ["ten"], []]
    async with database.transaction() as tx:  # what was saved is issued when the choice changes
        await commands.choose_auto_reward(tx, CHOICE, saver, "dsw", "five", Moment(NOW))
    assert await held(database, saver) == ["five"] * 2


async def test_a_choice_that_does_not_exist_is_refused(database: Database, admin: Any) -> None:
    """An unknown mode, an unknown automatic reward, and one without a choice: refused, and nothing is written."""
    member_id = await enrolled(database)
    for programme, key, mode, refusal in (
        (CHOICE, "dsw", "fifty", ModeUnknown),
        (CHOICE, "nothing", "five", NotFound),
        (CAFE, "tenth", "five", NotFound),
    ):
        with pytest.raises(refusal):
            async with database.transaction() as tx:
                await commands.choose_auto_reward(tx, programme, member_id, key, mode, Moment(NOW))
    assert await admin.fetchval("SELECT count(*) FROM auto_reward_choice") == 0


async def test_a_window_issues_at_its_end_and_carries_what_is_over(database: Database, admin: Any) -> None:
    """The North Face: 620 points are $50 and 120 carried; 380 more in the next window are $50 again."""
    member_id = await enrolled(database)
    await earns(database, XPLR, member_id, 620, datetime(2026, 5, 20, 9, tzinfo=UTC))
    assert await closes(database, date(2026, 5, 30), XPLR) == 0
    assert await closes(database, date(2026, 5, 31), XPLR) == 5
    later = datetime(2026, 6, 10, 9, tzinfo=UTC)
    assert (await held(database, member_id, later), (await balance_of(database, member_id, later)).available) == (
        ["ten"] * 5,
        120,
    )
    await earns(database, XPLR, member_id, 380, later)
    assert await closes(database, date(2026, 6, 1), XPLR) == 0
    assert await closes(database, date(2026, 9, 30), XPLR) == 5
    assert (await balance_of(database, member_id, datetime(2026, 10, 2, tzinfo=UTC))).available == 0
    first_of_may = datetime(2027, 5, 1, tzinfo=UTC)  # those of 31 May have lived their eleven months
    (until,) = {one.usable_until for one in await list_held(database.reader, member_id, first_of_may)}
    assert until == datetime(2027, 8, 30, 22, tzinfo=UTC)  # eleven months after 30 September: through 30 August


async def test_closing_a_window_again_issues_nothing(database: Database, admin: Any) -> None:
    """A close that is repeated a week later does not reach for units that came in the meantime."""
    member_id = await enrolled(database)
    await earns(database, XPLR, member_id, 230, datetime(2026, 5, 20, 9, tzinfo=UTC))
    assert await closes(database, date(2026, 5, 31), XPLR) == 2
    await earns(database, XPLR, member_id, 300, datetime(2026, 6, 3, 9, tzinfo=UTC))
    assert await closes(database, date(2026, 5, 31), XPLR, timedelta(days=7)) == 0
    assert (await balance_of(database, member_id, datetime(2026, 6, 7, tzinfo=UTC))).available == 330


async def test_a_late_close_counts_what_there_was_at_midnight(database: Database, admin: Any) -> None:
    """The close of 31 May runs on 7 June: points of 3 June belong to the next window."""
    member_id = await enrolled(database)
    await earns(database, XPLR, member_id, 150, datetime(2026, 5, 20, 9, tzinfo=UTC))
    await earns(database, XPLR, member_id, 300, datetime(2026, 6, 3, 9, tzinfo=UTC))
    assert await closes(database, date(2026, 5, 31), XPLR, timedelta(days=7)) == 1


async def test_the_year_caps_what_the_windows_allow(database: Database, admin: Any) -> None:
    """Twelve a year: five, five, then two in the third window, whose last day lies in January of the next year."""
    member_id = await enrolled(database)
    await earns(database, XPLR, member_id, 3000, datetime(2026, 1, 10, 9, tzinfo=UTC))
    issued = [
        await closes(database, day, XPLR)
        for day in (date(2026, 1, 31), date(2026, 5, 31), date(2026, 9, 30), date(2027, 1, 31))
    ]
    assert issued == [5, 5, 2, 5]


async def test_units_of_their_last_day_become_rewards_before_they_expire(database: Database, admin: Any) -> None:
    """Pitfall 5's order: what expires at the midnight of a window's end is issued first."""
    member_id, end = await enrolled(database), end_of(date(2026, 5, 31), XPLR)
    async with database.transaction() as tx:
        lot = earn(100, occurred_at=datetime(2026, 5, 1, tzinfo=UTC), expires_at=end.at)
        await post(tx, member_id, [lot], Moment(datetime(2026, 5, 1, tzinfo=UTC)))
    assert await commands.issue_due(database, end) == 1


async def test_pending_units_are_no_reward_yet(database: Database, admin: Any) -> None:
    """Units that wait for the return window bring the reward when they settle."""
    member_id, later = await enrolled(database), NOW + timedelta(days=14)
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(10, activates_at=later)], Moment(NOW))
    await follow(database, CAFE)
    assert await held(database, member_id) == []
    async with database.transaction() as tx:
        await settle_pending(tx, member_id, CurrencyKey("points"), Moment(later))
    await follow(database, CAFE, later)
    assert await held(database, member_id, later) == ["drink"]


async def test_an_automatic_reward_is_not_given_back_by_hand(database: Database, admin: Any) -> None:
    """Its units would become the same reward again: the member is told so, and keeps it."""
    member_id = await enrolled(database)
    await earns(database, CAFE, member_id, 10)
    (reward,) = await list_held(database.reader, member_id, NOW)
    with pytest.raises(RedemptionFinal):
        async with database.transaction() as tx:
            await cancel_redemption(tx, CAFE, member_id, reward.id, Moment(NOW))
    assert await held(database, member_id) == ["drink"]


async def _two_of(database: Database, reward: str) -> tuple[MemberId, list[str], int]:
    text = SMALL + REWARDS + f"  - {{key: a, currency: points, every: 10, reward: {reward}}}\n"
    member_id = await enrolled(database)
    await earns(database, make_programme(text), member_id, 20)
    return member_id, await held(database, member_id), (await balance_of(database, member_id)).available


async def test_out_of_stock_leaves_the_units(database: Database, admin: Any) -> None:
    """One in stock, one code in the pool, units for two: one reward, and the other ten units stay."""
    async with database.transaction() as tx:
        await add_codes(tx, "coded", ["ABC"])
    for reward in ("few", "coded"):
        _, rewards, left = await _two_of(database, reward)
        assert (rewards, left) == ([reward], 10)
    assert await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'rewards.redeemed'") == 0  # all were taken
    assert await verify(database.reader) == []


async def test_progress_says_what_is_missing(database: Database, admin: Any) -> None:
    """How many units until the next one, how many were issued, and whether the limit is reached."""
    member_id = await enrolled(database)
    await earns(database, CAFE, member_id, 13)
    (seen,) = await queries.progress_of(database.reader, CAFE, member_id, NOW)
    assert (seen.available, seen.missing, seen.issued_count, seen.limit_reached) == (3, 7, 1, False)


async def test_the_close_knows_when_it_is_next_needed(database: Database, admin: Any) -> None:
    """A window's end is known beforehand; a daily one is due as soon as somebody has the units."""
    assert await queries.next_due(database.reader, XPLR, NOW) == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert await queries.next_due(database.reader, CAFE, NOW) is None
    member_id = await enrolled(database)
    async with database.transaction() as tx:
        await post(tx, member_id, [earn(10)], Moment(NOW))
    assert await queries.next_due(database.reader, CAFE, NOW) == datetime(2026, 3, 10, 23, tzinfo=UTC)
