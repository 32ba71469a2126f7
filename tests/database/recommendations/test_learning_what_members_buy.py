"""What a member buys is learned from their purchases: piecemeal as from the whole, and only while they like."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.events import PurchaseRecorded
from fedele.domains.members.types import Channel, Purpose
from fedele.domains.recommendations import commands
from fedele.domains.recommendations.handlers import handlers
from fedele.domains.recommendations.jobs import schedules
from fedele.domains.recommendations.queries import categories_of, tastes_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.members import enrolled
from tests.factories.purchases import bought

NOW = Moment(datetime(2026, 11, 22, 9, tzinfo=UTC))
ALL = "SELECT sku, times, round(slow::numeric, 9), round(fast::numeric, 9), first_at, last_at FROM product_affinity"


async def learn(database: Database, member_id: MemberId, skus: set[str] | None = None) -> None:
    """Learn in a transaction of its own."""
    async with database.transaction() as tx:
        await commands.learn(tx, member_id, NOW, skus)


def days_ago(days: float) -> datetime:
    """So long before NOW."""
    return NOW.now - timedelta(days=days)


async def consent(admin: Any, member_id: MemberId, granted: bool) -> None:
    """Say yes or no to personalization."""
    await admin.execute(
        """
        INSERT INTO member_consent VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (member_id, purpose, channel) DO UPDATE SET granted = excluded.granted
        """,
        member_id, Purpose.PERSONALIZATION.value, Channel.IN_APP.value, granted, NOW.now,
    )  # fmt: skip


async def test_learned_purchase_by_purchase_is_learned_at_once(database: Database, admin: Any) -> None:
    """Forty purchases told in any order, some twice, leave the rows that one look at all of them gives; a line that
    came back whole, and a sku that stands twice on a receipt, count as they should."""
    member_id = await enrolled(database)
    dice = random.Random(7)
    receipts = [(days_ago(dice.uniform(0.1, 300)), dice.sample("abcdefgh", dice.randint(1, 4))) for _ in range(40)]
    told = []
    for at, skus in receipts:
        told.append((await bought(admin, member_id, at, [*skus, skus[0]]), set(skus)))
        if dice.random() < 0.6:
            await learn(database, member_id, dice.choice(told)[1])
    back = "UPDATE purchase_line SET returned_quantity = 1 WHERE purchase_id = $1 AND line_number = 2"
    await admin.execute(back, told[3][0])
    dice.shuffle(told)
    for _, skus in told:
        await learn(database, member_id, skus)
    piecemeal = await admin.fetch(ALL + " ORDER BY sku")
    await learn(database, member_id)
    assert piecemeal == await admin.fetch(ALL + " ORDER BY sku")
    expected: dict[str, int] = {}
    for _, skus in receipts:
        for sku in skus:
            expected[sku] = expected.get(sku, 0) + 1
    found = {row["sku"]: row["times"] for row in piecemeal}
    assert sum(expected.values()) - sum(found.values()) in (0, 1)  # the line that came back, if it stood there alone
    one = min(found)
    ages = [(NOW.now - at) / timedelta(days=1) for at, skus in receipts if one in skus]
    row = await admin.fetchrow("SELECT slow, fast FROM product_affinity WHERE sku = $1", one)
    if found[one] == len(ages):
        assert row["slow"] == pytest.approx(sum(0.5 ** ((age - min(ages)) / 112) for age in ages))
        assert row["fast"] == pytest.approx(sum(0.5 ** ((age - min(ages)) / 28) for age in ages))


async def test_many_workers_at_once_leave_what_one_would(database: Database, admin: Any) -> None:
    """Twenty workers learn from twenty purchases at the same moment while these are being written."""
    member_id = await enrolled(database)

    async def buy_and_learn(number: int) -> None:
        async with database.transaction() as tx:
            await bought_in(tx, member_id, number)
        await learn(database, member_id, {"milk"})

    await asyncio.gather(*(buy_and_learn(number) for number in range(20)))
    assert await admin.fetchval("SELECT times FROM product_affinity WHERE sku = 'milk'") == 20


async def bought_in(tx: Any, member_id: MemberId, number: int) -> None:
    """Milk, in this transaction."""
    purchase_id = new_id()
    await tx.execute(
        """
        INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                              total_minor, tax_minor, discount_minor, tenders)
        VALUES ($1, $2, 's', $3, 'store', $4, $4, 'USD', 1, 0, 0, '[]')
        """,
        member_id, purchase_id, str(purchase_id), days_ago(number + 1),
    )  # fmt: skip
    await tx.execute(
        """
        INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, sku, name, quantity, amount_minor,
                                   tax_minor, discount_minor)
        VALUES ($1, $2, 1, 'goods', 'milk', 'Milk', 1, 1, 0, 0)
        """,
        member_id, purchase_id,
    )  # fmt: skip


async def test_before_anything_was_learned_the_purchases_themselves_speak(database: Database, admin: Any) -> None:
    """A member whose worker has not come yet is recommended what they buy, with the figures that learning gives."""
    member_id = await enrolled(database)
    for days in (6, 13, 20):
        await bought(admin, member_id, days_ago(days), ["milk", "tea"])
    before = await tastes_of(database.reader, member_id, NOW)
    await learn(database, member_id)
    assert before == await tastes_of(database.reader, member_id, NOW)
    assert {one.product.sku for one in before} == {"milk", "tea"}


async def test_what_was_bought_a_minute_ago_rests_though_nobody_learned_it_yet(database: Database, admin: Any) -> None:
    """Between the till and the worker: what was just bought is not recommended, known before or not."""
    member_id, other = await enrolled(database), await enrolled(database)
    for days in (20, 40):
        await bought(admin, member_id, days_ago(days), ["coffee"])
    await bought(admin, other, days_ago(2), ["coffee", "cake"])
    for one in (member_id, other):
        await learn(database, one)
    await commands.count_popular(database, NOW)
    assert {t.product.sku for t in await tastes_of(database.reader, member_id, NOW) if not t.resting} >= {"coffee"}
    await bought(admin, member_id, days_ago(0.001), ["coffee", "cake"])
    assert [t.product.sku for t in await tastes_of(database.reader, member_id, NOW) if not t.resting] == []


async def test_a_stranger_is_shown_what_sells_and_what_goes_with_what_they_buy(database: Database, admin: Any) -> None:
    """Nobody's history: what most buy. A pasta buyer: the sauce that pasta buyers buy, with the pasta named."""
    for number in range(24):
        one = await enrolled(database)
        await bought(admin, one, days_ago(3 + number % 5), ["pasta", "sauce"] if number % 2 else ["paint"])
        await learn(database, one)
    await commands.count_popular(database, NOW)
    assert await commands.count_neighbours(database, NOW) == 2
    stranger, cook = await enrolled(database), await enrolled(database)
    assert {one.product.sku for one in await tastes_of(database.reader, stranger, NOW)} == {"pasta", "sauce", "paint"}
    await bought(admin, cook, days_ago(9), ["pasta"])
    found = {one.product.sku: one.known for one in await tastes_of(database.reader, cook, NOW)}
    assert (found["sauce"].like, found["paint"].like) == ("pasta", None)
    impersonal = await tastes_of(database.reader, cook, NOW, personal=False)
    assert all(one.known.times == 0 and one.known.like is None for one in impersonal)


async def test_who_says_no_is_not_remembered(database: Database, admin: Any) -> None:
    """Refusing personalization empties what was learned and nothing new is; saying yes again learns anew."""
    member_id = await enrolled(database)
    await bought(admin, member_id, days_ago(5), ["milk"])
    await learn(database, member_id)
    await consent(admin, member_id, False)
    await learn(database, member_id)
    await learn(database, member_id, {"milk"})
    assert await admin.fetchval("SELECT count(*) FROM product_affinity") == 0
    await consent(admin, member_id, True)
    await learn(database, member_id)
    assert await admin.fetchval("SELECT times FROM product_affinity") == 1


async def test_a_reset_forgets_for_taste_only_and_for_good(database: Database, admin: Any) -> None:
    """Receipts stay; what was bought before counts for nothing any more, also when all is learned anew."""
    member_id = await enrolled(database)
    for days in (5, 12):
        await bought(admin, member_id, days_ago(days), ["milk"])
    await learn(database, member_id)
    async with database.transaction() as tx:
        await commands.reset_taste(tx, member_id, NOW)
    assert await tastes_of(database.reader, member_id, NOW) == []
    await learn(database, member_id)
    assert await admin.fetchval("SELECT count(*) FROM product_affinity") == 0
    assert await admin.fetchval("SELECT count(*) FROM purchase") == 2
    later = Moment(NOW.now + timedelta(days=9))
    await bought(admin, member_id, NOW.now + timedelta(days=1), ["tea"])
    await learn(database, member_id)
    assert [one.product.sku for one in await tastes_of(database.reader, member_id, later)] == ["tea"]


async def test_an_import_is_learned_when_it_is_due_and_erasure_ends_it(database: Database, admin: Any) -> None:
    """Members marked after an import are learned once; an erased one is forgotten and not learned again."""
    member_id = await enrolled(database)
    await bought(admin, member_id, days_ago(5), ["milk"])
    async with database.transaction() as tx:
        await commands.mark_due(tx, [member_id, member_id], NOW)
    assert await commands.learn_due(database, NOW) == 1
    assert await commands.learn_due(database, NOW) == 0
    assert await admin.fetchval("SELECT count(*) FROM product_affinity") == 1
    async with database.transaction() as tx:
        await commands.forget_member(tx, member_id)
    await learn(database, member_id, {"milk"})
    assert await admin.fetchval("SELECT count(*) FROM product_affinity") == 0


async def test_a_purchase_that_is_told_twice_is_learned_once(database: Database, admin: Any) -> None:
    """The handler may be called again for one event: the rows stay as they are."""
    member_id = await enrolled(database)
    purchase_id = await bought(admin, member_id, days_ago(1), ["milk"])
    handler = next(one for one in handlers(database, lambda: NOW) if one.event is PurchaseRecorded)
    event = PurchaseRecorded(
        member_id=member_id, occurred_at=NOW.now, purchase_id=purchase_id, store_id="s", currency="USD", total_minor=1
    )
    for _ in range(3):
        await handler.run(event, new_id())
    assert await admin.fetchval("SELECT times FROM product_affinity") == 1


async def test_categories_are_ranked_by_the_same_scorer(database: Database, admin: Any) -> None:
    """The category bought every week before the one of half a year ago."""
    member_id = await enrolled(database)
    for days in (2, 9, 16, 23):
        await bought(admin, member_id, days_ago(days), ["milk"], "DAIRY")
    await bought(admin, member_id, days_ago(170), ["lamp"], "HOME")
    await learn(database, member_id)
    found = await categories_of(database.reader, member_id, NOW)
    assert [one.category for one in found] == ["DAIRY", "HOME"]
    assert found[0].chance > found[1].chance


async def test_after_an_import_what_sells_is_counted_at_once(database: Database, admin: Any) -> None:
    """The schedule that learns also counts, unless that was done within minutes; with nothing due it does neither."""
    learning = next(one for one in schedules(database) if one.name == "recommendations.learn_due")
    await learning.run(NOW)
    counted = "SELECT count(*) FROM product_popularity"
    assert await admin.fetchval(counted) == 0
    for number, minutes in enumerate((0, 1, 20)):
        member_id = await enrolled(database)
        await bought(admin, member_id, days_ago(5), [f"sku-{number}"])
        at = Moment(NOW.now + timedelta(minutes=minutes))
        async with database.transaction() as tx:
            await commands.mark_due(tx, [member_id], at)
        await learning.run(at)
        assert await admin.fetchval(counted) == (1, 1, 3)[number]
