"""Pitfall 2: a balance column as the truth. Here what is shown is the sum of the lots, and of the entries."""

from decimal import Decimal
from typing import Any

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.types import Return
from fedele.domains.ledger.queries import balances_by_member, verify
from tests.factories.members import enrolled
from tests.factories.till import STORE, at, basket, line, open_till, paid_with_points


async def test_what_is_shown_is_the_sum_of_lots_and_of_entries(database: Database, admin: Any) -> None:
    """After sales, a payment with points and a partial return, lots, entries and the balance say the same number."""
    till, member_id = await open_till(database), await enrolled(database)
    await commands.settle(till, basket(line(amount=20_000), member_id=member_id), "earn", at())
    paying = basket(
        line(1, 200, quantity=Decimal(2)), member_id=member_id, tenders=paid_with_points(100, 100), confirmation="known"
    )
    settled = await commands.settle(till, paying, "spend", at())
    piece = (ReturnedLine(1, Decimal(1)),)
    asked = Return(store_id=STORE, lines=piece, member_id=member_id, purchase_id=settled.purchase_id)
    await commands.return_lines(till, asked, "back", at(hours=1))
    (balance,) = [
        b
        for b in (await balances_by_member(database.reader, [member_id], at(hours=2).now))[member_id]
        if b.currency == "points"
    ]
    lots = await admin.fetchval("SELECT sum(remaining) FROM lot WHERE currency = 'points' AND state = 'active'")
    entries = await admin.fetchval("SELECT sum(amount) FROM entry WHERE currency = 'points' AND account = 'available'")
    assert balance.available == lots == entries > 0
    assert not await verify(database.reader)


async def test_no_table_keeps_a_balance_that_could_drift(admin: Any) -> None:
    """The only balances in the schema are those that each entry carries of its own chain, which a constraint checks.

    What segments know of a member is made anew from lots whenever it is read stale, and nothing is ever paid from it.
    """
    rows = await admin.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%balance%'"
    )
    found = {(row["table_name"], row["column_name"]) for row in rows}
    assert {name for name in found if name[0] not in ("ledger_programme_balance", "member_facts")} == {
        ("entry", "balance_before"),
        ("entry", "balance_after"),
    }
