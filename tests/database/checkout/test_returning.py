"""Returns take and give exactly what the sale gave and took: in pieces, in any order, once per key."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.errors import ReturnExceedsPurchase
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.errors import PurchaseNotFound, ReturnInvalid
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.types import Return, Settlement
from fedele.domains.ledger.queries import balances_by_member, verify
from fedele.kernel.ids import StoreId
from fedele.kernel.refusal import KeyReused
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till, paid_with_points

THREE_LINES = (
    line(1, 999, quantity=Decimal(3)),
    line(2, 500, category="FRESH", quantity=Decimal("1.5")),
    line(3, 101),
)


def asked(settled: Settlement, *lines: tuple[int, str], **given: Any) -> Return:
    """A return of (line number, quantity) of a settled sale."""
    wanted = tuple(ReturnedLine(number, Decimal(quantity)) for number, quantity in lines)
    return Return(store_id=STORE, lines=wanted, member_id=settled.member_id, purchase_id=settled.purchase_id, **given)


async def balances(till: Till, settled: Settlement) -> dict[str, int]:
    """What can be spent, by currency, without zeros."""
    found = await balances_by_member(till.database.reader, [settled.member_id], at(1).now)
    return {b.currency: b.available - b.debt for b in found[settled.member_id] if b.available - b.debt}


async def sold(till: Till, **given: Any) -> Settlement:
    """Three lines, sold to somebody new."""
    member_id = await enrolled(till.database)
    return await commands.settle(till, basket(*THREE_LINES, member_id=member_id, **given), "sale", at())


async def test_twenty_concurrent_returns_of_one_line_take_it_once(database: Database, admin: Any) -> None:
    """Twenty desks return the same single piece under keys of their own: one does, the others are refused."""
    till = await open_till(database)
    settled = await sold(till)
    results = await asyncio.gather(
        *(commands.return_lines(till, asked(settled, (3, "1")), f"desk-{n}", at(hours=1)) for n in range(20)),
        return_exceptions=True,
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(r, ReturnExceedsPurchase) for r in results if isinstance(r, BaseException))
    assert await admin.fetchval("SELECT sum(amount_minor) FROM purchase_return_line") == 101


async def test_a_retried_return_gets_the_same_answer_and_another_body_is_refused(
    database: Database, admin: Any
) -> None:
    """Twenty retries at once return once; the key cannot be used for other lines."""
    till = await open_till(database)
    settled = await sold(till)
    again = [commands.return_lines(till, asked(settled, (1, "1")), "same", at(hours=1)) for _ in range(20)]
    replies = await asyncio.gather(*again)
    assert all(reply == replies[0] for reply in replies)
    assert await admin.fetchval("SELECT count(*) FROM purchase_return") == 1
    with pytest.raises(KeyReused):
        await commands.return_lines(till, asked(settled, (1, "2")), "same", at(hours=1))


async def test_units_that_paid_go_back_to_their_own_lot_and_expiry(database: Database, admin: Any) -> None:
    """Pitfalls 9 and 10: half the goods come back, half the burned points return to the lot they were taken from."""
    till = await open_till(database)
    member_id = await enrolled(database)
    await commands.settle(till, basket(line(amount=20_000), member_id=member_id), "earn", at())
    lot = await admin.fetchrow("SELECT id, expires_at, remaining FROM lot WHERE currency = 'points'")
    paying = basket(
        line(1, 200, quantity=Decimal(2)), member_id=member_id, tenders=paid_with_points(100, 100), confirmation="known"
    )
    settled = await commands.settle(till, paying, "spend", at())
    assert settled.burned == {"points": 100}
    half = await commands.return_lines(till, asked(settled, (1, "1")), "half", at(hours=1))
    rest = await commands.return_lines(till, asked(settled, (1, "1")), "rest", at(hours=2))
    assert (half.restored, rest.restored) == ({"points": 50}, {"points": 50})
    after = await admin.fetchrow("SELECT id, expires_at, remaining FROM lot WHERE id = $1", lot["id"])
    assert dict(after) == dict(lot)
    assert not await verify(database.reader)


async def test_clawback_of_spent_points_becomes_debt_that_later_earning_pays(database: Database) -> None:
    """Pitfall 11: the programme says debt for points, so the next sale nets it."""
    till = await open_till(database)
    member_id = await enrolled(database)
    first = await commands.settle(till, basket(line(amount=10_000), member_id=member_id), "earn", at())
    spend = basket(line(amount=100), member_id=member_id, tenders=paid_with_points(100, 0), confirmation="known")
    await commands.settle(till, spend, "spend", at())
    taken = await commands.return_lines(till, asked(first, (1, "1")), "back", at(hours=1))
    assert taken.clawed_back == {"points": 100, "stars": 100}
    assert (await balances(till, first))["points"] == -100
    later = await commands.settle(till, basket(line(amount=12_000), member_id=member_id), "later", at(hours=2))
    assert later.spendable["points"] == 20


async def test_a_return_that_undoes_a_tier_takes_it_back(database: Database, admin: Any) -> None:
    """The tier follows what was truly bought: returning the purchase that made gold makes blue again."""
    till = await open_till(database)
    member_id = await enrolled(database)
    settled = await commands.settle(till, basket(line(amount=40_000), member_id=member_id), "gold", at())
    assert settled.tier_move is not None
    assert settled.tier_move.to_tier == "gold"
    returned = await commands.return_lines(till, asked(settled, (1, "1")), "back", at(hours=1))
    assert returned.tier_move is not None
    assert returned.tier_move.to_tier == "blue"
    reasons = await admin.fetch("SELECT reason FROM tier_change ORDER BY occurred_at")
    assert [row["reason"] for row in reasons] == ["upgrade", "return"]


async def test_what_is_taken_back_makes_room_in_the_cap_again(database: Database) -> None:
    """A day's cap filled by goods that came back the same day is open again."""
    till = await open_till(database)
    member_id = await enrolled(database)
    settled = await commands.settle(till, basket(line(amount=100_000), member_id=member_id), "fill", at())
    assert settled.spendable["points"] == 1000
    await commands.return_lines(till, asked(settled, (1, "1")), "back", at(hours=1))
    again = await commands.settle(till, basket(line(amount=50_000), member_id=member_id), "again", at(hours=2))
    assert again.spendable["points"] == 500


BAD_RETURNS = {
    "no lines": ((), ReturnInvalid),
    "a line twice": (((1, "1"), (1, "1")), ReturnInvalid),
    "a line that was not bought": (((9, "1"),), ReturnInvalid),
    "nothing of a line": (((1, "0"),), ReturnInvalid),
    "more than was bought": (((1, "3.001"),), ReturnExceedsPurchase),
}


@pytest.mark.parametrize(("lines", "refusal"), BAD_RETURNS.values(), ids=BAD_RETURNS.keys())
async def test_a_bad_return_writes_nothing(
    database: Database, admin: Any, lines: tuple[tuple[int, str], ...], refusal: type[Exception]
) -> None:
    """A return that cannot be is refused, and leaves no trace."""
    till = await open_till(database)
    settled = await sold(till)
    before = await admin.fetchval("SELECT count(*) FROM request")
    with pytest.raises(refusal):
        await commands.return_lines(till, asked(settled, *lines), "bad", at(hours=1))
    assert await admin.fetchval("SELECT count(*) FROM purchase_return") == 0
    assert await admin.fetchval("SELECT count(*) FROM request") == before


@pytest.mark.parametrize("days", [-2, 2], ids=["before it was bought", "tomorrow"])
async def test_nothing_comes_back_before_it_was_bought_nor_tomorrow(
    database: Database, admin: Any, days: float
) -> None:
    """A desk whose clock is wrong is told so: the day of a return decides which programme and tier it meets."""
    till = await open_till(database)
    settled = await sold(till)
    with pytest.raises(ReturnInvalid) as refused:
        await commands.return_lines(till, asked(settled, (1, "1"), occurred_at=at(days).now), "k", at(hours=1))
    assert refused.value.field == "occurredAt"
    assert await admin.fetchval("SELECT count(*) FROM purchase_return") == 0


async def test_the_desk_finds_a_purchase_by_its_receipt_at_its_own_store(database: Database) -> None:
    """A receipt is found where it was made; another store has to name that store."""
    till = await open_till(database)
    member_id = await enrolled(database)
    sale = basket(line(), member_id=member_id, receipt="R-77")
    await commands.settle(till, sale, "sale", at())
    piece = (ReturnedLine(1, Decimal(1)),)
    elsewhere = Return(store_id=StoreId("store-2"), receipt="R-77", lines=piece)
    with pytest.raises(PurchaseNotFound):
        await commands.return_lines(till, elsewhere, "k", at(hours=1))
    named = Return(store_id=StoreId("store-2"), purchase_store_id=STORE, receipt="R-77", lines=piece)
    assert (await commands.return_lines(till, named, "k", at(hours=1))).total_minor == 1000
