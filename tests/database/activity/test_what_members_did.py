"""The activity page and the data export show everything once, newest or oldest first, whatever kind it is."""

from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from fedele.db.database import Database, counting
from fedele.domains.activity import commands, queries
from fedele.domains.activity.types import Product, ReturnedLine
from fedele.domains.checkout.commands import record_event, return_lines, settle
from fedele.domains.checkout.handlers import handlers
from fedele.domains.checkout.types import Return
from fedele.domains.members.events import MemberErased
from fedele.kernel.ids import new_id
from fedele.kernel.pages import MalformedCursor
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till


async def test_pages_follow_each_other_without_gap_or_repetition(database: Database) -> None:
    """Purchases, a return and events of one minute, read by threes: each once, newest first, one statement a page."""
    till, member_id = await open_till(database), await enrolled(database)
    for number in range(4):
        sold = await settle(till, basket(line(1, 500, quantity=Decimal(2)), member_id=member_id), f"s{number}", at())
        await record_event(till, member_id, "ride", {"minutes": 90}, f"r{number}", at())
    piece = Return(
        store_id=STORE, member_id=member_id, purchase_id=sold.purchase_id, lines=(ReturnedLine(1, Decimal(1)),)
    )
    await return_lines(till, piece, "back", at(hours=1))
    seen, after = [], None
    for _ in range(3):
        with counting() as statements:
            page = await queries.list_activity(database.reader, member_id, 3, after)
        assert len(statements) == 1
        seen += page.items
        after = page.cursors[-1]
    assert not page.has_next
    assert [item.kind for item in seen].count("purchase") == 4
    assert len({item.id for item in seen}) == 9
    assert seen == sorted(seen, key=lambda item: (item.occurred_at, item.id), reverse=True)
    first = seen[0]
    assert (first.kind, first.total_minor, first.points["points"]) == ("return", 250, -3)
    assert [(part.quantity, part.amount_minor) for part in first.lines] == [(Decimal(1), 250)]
    with pytest.raises(MalformedCursor):
        await queries.list_activity(database.reader, member_id, 3, "nonsense")


async def test_the_catalogue_fills_in_what_the_till_left_out_and_old_receipts_keep_their_words(
    database: Database,
) -> None:
    """A line with nothing but its sku earns by its category; renaming the product later does not rename the receipt."""
    till, member_id = await open_till(database), await enrolled(database)
    for name, category in (("Salad", "FRESH"), ("Lettuce", "DRY")):
        async with database.transaction() as tx:
            await commands.save_products(tx, [Product("sku-1", name, category)], at())
        await settle(till, basket(line(1, 1000, sku="sku-1"), member_id=member_id), name, at())
    page = await queries.list_activity(database.reader, member_id, 10)
    assert {(item.lines[0].name, item.points["points"]) for item in page.items} == {("Salad", 20), ("Lettuce", 10)}


async def test_the_export_holds_every_purchase_return_and_event(database: Database) -> None:
    """Articles 15 and 20: all of it, in words and decimals that a person can read."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(line(1, 1050), member_id=member_id, receipt="R-5"), "s", at())
    await record_event(till, member_id, "ride", {"minutes": 90}, "r", at())
    exported = await queries.export_personal_data(database.reader, member_id)
    assert exported["purchases"][0]["receipt"] == "R-5"
    assert exported["purchases"][0]["lines"][0]["amount"] == "10.50 EUR"
    assert exported["events"][0]["properties"] == {"minutes": 90}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE purchase SET total_minor = 1",
        "DELETE FROM purchase",
        "UPDATE activity_event SET name = 'flight'",
        "UPDATE purchase_line SET amount_minor = 1",
        "UPDATE award SET units = 1000000",
        "DELETE FROM activity_event",
        "UPDATE tier_change SET to_tier = 'gold'",
    ],
)
async def test_what_was_recorded_cannot_be_changed_by_the_application(database: Database, change: str) -> None:
    """The role the processes act as may add, never rewrite."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(member_id=member_id), "s", at())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction() as tx:
            await tx.execute(change)


async def test_erasure_empties_what_others_wrote_and_keeps_every_amount(database: Database, admin: Any) -> None:
    """Pitfall 24: free words beside purchases and events go, totals stay, and nothing else can be rewritten."""
    till, member_id = await open_till(database), await enrolled(database)
    noted = basket(line(1, 1000, attributes={"note": "for Anna"}), member_id=member_id, attributes={"note": "Anna"})
    await settle(till, noted, "s", at())
    await record_event(till, member_id, "ride", {"minutes": 90, "from": "home of Anna"}, "r", at())
    forget = next(one for one in handlers(till, at) if one.event is MemberErased)
    erased = MemberErased(member_id=member_id, occurred_at=at().now)
    for _ in range(2):
        await forget.run(erased, new_id())
    page = await queries.list_activity(database.reader, member_id, 10)
    assert "Anna" not in repr(page) + repr(await queries.export_personal_data(database.reader, member_id))
    assert sum(item.total_minor or 0 for item in page.items) == 1000
    for change in ("SET properties = '{}', points = '{}'", "SET properties = '{\"a\": 1}'"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await admin.execute(f"UPDATE activity_event {change}")


async def test_the_database_itself_refuses_to_take_back_more_than_was_bought(database: Database, admin: Any) -> None:
    """Behind every check of ours stands the table's own, for whoever writes to it."""
    till, member_id = await open_till(database), await enrolled(database)
    await settle(till, basket(member_id=member_id), "s", at())
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute("UPDATE purchase_line SET returned_quantity = quantity + 0.001")
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute("UPDATE award SET clawed_back_units = units + 1")
