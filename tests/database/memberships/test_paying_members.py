"""A paid membership from the trial to its end: benefits, renewals, refunds, and money that moves once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.memberships import commands, errors, queries
from fedele.domains.memberships.commands.joining import JoinAsked
from fedele.domains.memberships.types import PaymentId
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.money import Money
from fedele.kernel.refusal import KeyReused
from tests.factories.members import enrolled
from tests.factories.memberships import PROGRAMME, at, open_shop
from tests.factories.programme import apply_programme


async def kinds(admin: Any) -> list[str]:
    """What memberships announced, in order."""
    rows = await admin.fetch("SELECT kind FROM outbox WHERE kind LIKE 'memberships.%' ORDER BY recorded_at, id")
    return [row["kind"].partition(".")[2] for row in rows]


async def test_prime_begins_with_thirty_free_days_and_then_charges_each_month(database: Database) -> None:
    """Nothing is charged in the trial; the first 14.99 a day before it ends, the next a month later."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "prime", "monthly", at())
    await shop.runs_daily(28)
    assert (shop.payments.balance_minor, await shop.active(member_id, at(28))) == (0, ["prime"])
    await shop.runs_daily(3, first=28)
    assert shop.payments.balance_minor == 1_499
    await shop.runs_daily(31, first=31)
    record = await shop.has(member_id, "prime")
    assert shop.payments.balance_minor == 2_998
    assert [term.kind for term in record.terms] == ["paid", "paid", "trial"]
    # New York: the trial of 31 January ends on 2 March, at the same time of day; from there on it is the 2nd.
    assert [term.starts_at.astimezone(UTC).date().isoformat() for term in record.terms] == [
        "2026-04-02", "2026-03-02", "2026-01-31",
    ]  # fmt: skip
    assert record.is_active(at(60).now)


async def test_a_lapse_turns_benefits_off_at_that_very_instant(database: Database, admin: Any) -> None:
    """A declined renewal without grace: on until the last second that is paid, off with the next, seen or not."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "prime", "monthly", at())
    shop.payments.declines = 10
    await shop.runs_daily(29)
    ends_at = (await shop.has(member_id, "prime")).terms[-1].ends_at
    assert ends_at is not None
    assert await shop.active(member_id, Moment(ends_at - timedelta(seconds=1))) == ["prime"]
    assert await shop.active(member_id, Moment(ends_at)) == []
    await shop.runs(Moment(ends_at + timedelta(minutes=1)))
    assert (await shop.has(member_id, "prime")).state == "lapsed"
    assert (await kinds(admin))[-2:] == ["payment_failed", "ended"]


async def test_an_unused_term_that_is_cancelled_goes_back_whole(database: Database, admin: Any) -> None:
    """139.00 paid, 139.00 back, benefits off; twice asked with one key, once given."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "prime", "yearly", at())
    await shop.runs_daily(32)
    assert shop.payments.balance_minor == 13_900
    first = await shop.cancels(member_id, "prime", at(40))
    again = await shop.cancels(member_id, "prime", at(41))
    assert first.refund == again.refund == Money(13_900, "USD")
    assert (shop.payments.balance_minor, await shop.active(member_id, at(40))) == (0, [])
    assert (await kinds(admin)).count("cancelled") == 1
    with pytest.raises(KeyReused):
        await shop.cancels(member_id, "prime", at(42), refund=False)


async def test_a_used_term_gives_nothing_back_and_runs_to_its_end(database: Database) -> None:
    """A delivery was used: the cancellation stops the renewal, not the term."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "prime", "monthly", at())
    await shop.runs_daily(32)
    async with database.transaction() as tx:
        await commands.use_benefit(tx, member_id, "prime", at(33).now)
    told = await shop.cancels(member_id, "prime", at(40))
    assert told.refund == Money(0, "USD")
    assert await shop.active(member_id, at(50)) == ["prime"]
    await shop.runs_daily(40, first=40)
    assert (shop.payments.balance_minor, await shop.active(member_id, at(70))) == (1_499, [])
    assert (await shop.has(member_id, "prime")).state == "cancelled"


async def test_a_trial_that_is_cancelled_is_never_charged_and_not_given_twice(database: Database) -> None:
    """It runs to its end; who joins again pays at once."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "prime", "monthly", at())
    await shop.cancels(member_id, "prime", at(3))
    assert await shop.active(member_id, at(29)) == ["prime"]
    await shop.runs_daily(40)
    assert (shop.payments.balance_minor, await shop.active(member_id, at(40))) == (0, [])
    again = await shop.joins(member_id, "prime", "monthly", at(41), "again")
    assert (shop.payments.balance_minor, again.terms[0].kind) == (1_499, "paid")


async def test_who_changes_their_mind_before_the_end_goes_on(database: Database) -> None:
    """Cancelled without refund on day 40, joined again on day 45: the same term, and the renewal is on."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "prime", "monthly", at())
    await shop.runs_daily(32)
    await shop.cancels(member_id, "prime", at(40), refund=False)
    resumed = await shop.joins(member_id, "prime", "monthly", at(45), "again")
    assert (resumed.cancelled_at, shop.payments.balance_minor) == (None, 1_499)
    await shop.runs_daily(20, first=45)
    assert shop.payments.balance_minor == 2_998


async def test_thirty_dollars_once_last_for_life(database: Database) -> None:
    """REI: one charge, no end, the tier that comes with it, and nothing for the clock to do."""
    shop, member_id = await open_shop(database), await enrolled(database)
    record = await shop.joins(member_id, "coop", "life", at())
    assert (shop.payments.balance_minor, record.terms[0].kind, record.terms[0].ends_at) == (3_000, "lifetime", None)
    assert await queries.next_due(database.reader, at().now) is None
    assert await shop.active(member_id, at(20_000)) == ["coop"]
    status = await status_of(database.reader, await shop.programmes.at(at().now), member_id, at(20_000))
    assert status is not None
    assert (status.current, status.kept_until) == ("gold", None)


async def test_grace_keeps_benefits_while_the_charge_is_refused_and_asked_again(database: Database) -> None:
    """Two refusals, five days of grace: the third try succeeds, and the next term follows the last without a gap."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    ends_at = (await shop.has(member_id, "club")).terms[0].ends_at
    assert ends_at is not None
    shop.payments.declines = 2
    await shop.runs_daily(30)
    record = await shop.has(member_id, "club")
    assert (shop.payments.balance_minor, len(shop.payments.declined)) == (2_000, 2)
    assert (record.terms[0].starts_at, record.terms[0].state) == (ends_at, "running")
    assert [await shop.active(member_id, at(day)) for day in (27, 28, 29)] == [["club"]] * 3


async def test_grace_ends_and_so_do_benefits_and_the_tier(database: Database) -> None:
    """Refused every day: on for five days more, then off, and the tier it brought with it."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    ends_at = (await shop.has(member_id, "club")).terms[0].ends_at
    assert ends_at is not None
    shop.payments.declines = 100
    await shop.runs_daily(45)
    last = ends_at + timedelta(days=5)
    programme = await shop.programmes.at(at().now)
    for moment, keys, tier in ((last - timedelta(seconds=1), ["club"], "gold"), (last, [], "basic")):
        assert await shop.active(member_id, Moment(moment)) == keys
        status = await status_of(database.reader, programme, member_id, Moment(moment))
        # The standing was judged when the membership ended: what is shown before is what was recorded since.
        assert status is not None
        if moment == last:
            assert status.current == tier
    assert (await shop.has(member_id, "club")).state == "lapsed"


async def test_the_unused_part_goes_back_and_the_tier_with_it(database: Database) -> None:
    """Ten dollars for 28 days, cancelled on the day of joining: 27 unused days are 9.64."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    told = await shop.cancels(member_id, "club", at(hours=2))
    assert told.refund == Money(1_000 * 27 // 28, "USD")
    assert shop.payments.balance_minor == 1_000 - 964
    status = await status_of(database.reader, await shop.programmes.at(at().now), member_id, at(hours=2))
    assert status is not None
    assert status.current == "basic"


async def test_another_plan_begins_with_the_next_term(database: Database) -> None:
    """Monthly now, yearly from the renewal on, at the yearly price."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    async with database.transaction() as tx:
        await commands.change_plan(tx, await shop.programmes.at(at().now), member_id, "club", "yearly", at(3))
    assert (await shop.has(member_id, "club")).next_plan == "yearly"
    await shop.runs_daily(30)
    record = await shop.has(member_id, "club")
    assert (record.plan, record.next_plan, shop.payments.balance_minor) == ("yearly", None, 11_000)


async def test_a_charge_whose_answer_was_lost_is_made_once(database: Database) -> None:
    """The provider took the money and the line went dead: asked again with the same key, it answers as before."""
    shop, member_id = await open_shop(database), await enrolled(database)
    shop.payments.unknown = 1
    record = await shop.joins(member_id, "coop", "life", at())
    assert (record.state, await shop.active(member_id, at())) == ("requested", [])
    await shop.runs(at(hours=1))
    assert (shop.payments.balance_minor, len(shop.payments.charged)) == (3_000, 1)
    assert len(shop.payments.asked) == 2
    assert await shop.active(member_id, at(hours=1)) == ["coop"]


async def test_who_cancels_while_the_charge_is_under_way_gets_it_back(database: Database) -> None:
    """The answer comes after the cancellation: the money goes back whole, and nothing begins."""
    shop, member_id = await open_shop(database), await enrolled(database)
    shop.payments.unknown = 1
    await shop.joins(member_id, "club", "monthly", at())
    await shop.cancels(member_id, "club", at(hours=0.1))
    await shop.runs(at(hours=1))
    await shop.runs(at(hours=2))
    assert (shop.payments.balance_minor, await shop.active(member_id, at(hours=2))) == (0, [])


async def test_a_first_charge_that_is_declined_begins_nothing(database: Database, admin: Any) -> None:
    """No benefit for a moment, and the member may try another card."""
    shop, member_id = await open_shop(database), await enrolled(database)
    shop.payments.declines = 1
    record = await shop.joins(member_id, "coop", "life", at())
    assert (record.state, await shop.active(member_id, at())) == ("lapsed", [])
    assert await kinds(admin) == ["payment_requested", "payment_failed", "ended"]
    again = await shop.joins(member_id, "coop", "life", at(1), "again")
    assert (again.state, shop.payments.balance_minor) == ("active", 3_000)


async def test_two_workers_renew_and_charge_once(database: Database) -> None:
    """Eight at the same instant: one term, one charge."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    due = await queries.next_due(database.reader, at().now)
    assert due is not None
    await asyncio.gather(*(shop.runs(Moment(due)) for _ in range(8)))
    assert shop.payments.balance_minor == 2_000
    assert len((await shop.has(member_id, "club")).terms) == 2


async def test_twenty_joins_at_once_are_one_membership(database: Database) -> None:
    """Twenty phones, twenty keys: one is taken, the others hear that it is held."""
    shop, member_id = await open_shop(database), await enrolled(database)

    async def join(key: str) -> str:
        try:
            await shop.joins(member_id, "coop", "life", at(), key, pays=False)
        except errors.MembershipHeldAlready:
            return "held"
        return "joined"

    told = await asyncio.gather(*(join(f"key-{n}") for n in range(20)))
    await shop.runs(at())
    assert (told.count("joined"), shop.payments.balance_minor) == (1, 3_000)


async def test_a_payment_asked_by_twenty_workers_is_made_once(database: Database, admin: Any) -> None:
    """Every one of them asks with the same key, and the answer is written once."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "coop", "life", at(), pays=False)
    payment_id = PaymentId(await admin.fetchval("SELECT payment_id FROM membership_payment"))
    pays = (commands.pay(database, shop.programmes, shop.payments, member_id, payment_id, at()) for _ in range(20))
    await asyncio.gather(*pays)
    assert shop.payments.balance_minor == 3_000
    assert (await kinds(admin)).count("started") == 1


async def test_a_sale_at_the_till_needs_no_charge(database: Database, admin: Any) -> None:
    """REI at the register: thirty dollars in the till, the receipt kept, no provider asked."""
    shop, member_id = await open_shop(database), await enrolled(database)
    programme = await shop.programmes.at(at().now)
    for _ in range(2):
        async with database.transaction() as tx:
            await commands.sell(tx, programme, member_id, JoinAsked("coop", "life"), "R-17", "sale", at())
    assert await shop.active(member_id, at()) == ["coop"]
    assert shop.payments.asked == []
    assert await admin.fetch("SELECT amount_minor, reference, state FROM membership_payment") == [
        (3_000, "R-17", "succeeded")
    ]


async def test_staff_give_back_by_hand_up_to_what_was_paid(database: Database) -> None:
    """Four dollars, and no more than the six that are left; a refused one writes nothing."""
    shop, member_id = await open_shop(database), await enrolled(database)
    term = (await shop.joins(member_id, "club", "monthly", at())).terms[0]
    programme = await shop.programmes.at(at().now)
    async with database.transaction() as tx:
        await commands.refund_term(tx, programme, member_id, term.id, 400, "a", at(1))
    with pytest.raises(errors.RefundExceedsPayment):
        async with database.transaction() as tx:
            await commands.refund_term(tx, programme, member_id, term.id, 601, "b", at(1))
    await shop.runs(at(1))
    assert (shop.payments.balance_minor, await shop.active(member_id, at(1))) == (600, ["club"])
    async with database.transaction() as tx:
        await commands.refund_term(tx, programme, member_id, term.id, 600, "c", at(2), ends_now=True)
    await shop.runs(at(2))
    assert (shop.payments.balance_minor, await shop.active(member_id, at(2))) == (0, [])


async def test_a_plan_that_is_sold_no_more_is_not_renewed(database: Database) -> None:
    """It ends with what is paid; nobody is charged for what is not on offer."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    await apply_programme(
        database, PROGRAMME.replace("key: monthly, price: 10.00", "key: old, price: 10.00"), at(5).now
    )
    shop = type(shop)(database, type(shop.programmes)(database, shop.programmes.sections))
    await shop.runs_daily(30, first=6)
    assert (await shop.has(member_id, "club")).state == "lapsed"
    assert shop.payments.balance_minor == 0  # the new provider object was never asked


async def test_what_a_member_had_is_known_for_any_instant(database: Database) -> None:
    """A sale that arrives late is judged by the memberships of its own time, also after a refund."""
    shop, member_id = await open_shop(database), await enrolled(database)
    await shop.joins(member_id, "club", "monthly", at())
    await shop.cancels(member_id, "club", at(10))
    assert await shop.active(member_id, at(-1)) == []
    assert await shop.active(member_id, at(5)) == ["club"]
    assert await shop.active(member_id, Moment(datetime(2026, 2, 15, tzinfo=UTC))) == []
