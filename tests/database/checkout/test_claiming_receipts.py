"""A guest's receipt becomes a member's purchase: once, as of its own time, and with nothing counted twice."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.queries import find_purchase, find_purchase_by_receipt
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands
from fedele.domains.checkout.errors import ReceiptClaimed, ReceiptGivenBack, ReceiptTooOld, ReceiptUnknown
from fedele.domains.checkout.handlers import handlers
from fedele.domains.checkout.ports import Till
from fedele.domains.checkout.queries import receipt_token, scan
from fedele.domains.checkout.types import Return, Settlement
from fedele.domains.ledger.queries import verify
from fedele.jobs.inline import run_what_follows
from fedele.kernel.ids import MemberId
from tests.factories.members import PEPPERS, enrolled
from tests.factories.till import STORE, at, basket, line, open_till
from tests.factories.till_spending import points_of

LATER = at(days=2)


async def sold_to_a_guest(till: Till, *lines: Any, key: str = "guest") -> tuple[Settlement, str]:
    """A sale without a card, and what its receipt prints."""
    settled = await commands.settle(till, basket(*lines, receipt=key), key, at())
    assert settled.guest
    return settled, receipt_token(PEPPERS, settled.member_id, settled.purchase_id)


def a_piece_of(sold: Settlement) -> Return:
    """One piece of the first line, named as the receipt names it."""
    return Return(
        store_id=STORE,
        lines=(ReturnedLine(1, Decimal(1)),),
        purchase_id=sold.purchase_id,
        member_id=sold.member_id,
    )


async def follow(till: Till) -> None:
    """Let the worker do what follows."""
    await run_what_follows(till.database, handlers(till, lambda: LATER))


async def kept(admin: Any) -> dict[MemberId, int]:
    """What of every buyer's purchases has not come back, in cents."""
    rows = await admin.fetch(
        """
        SELECT p.member_id, sum(p.total_minor)::int - coalesce((SELECT sum(r.total_minor)::int FROM purchase_return r
                                                                WHERE r.member_id = p.member_id), 0) AS minor
          FROM purchase p GROUP BY p.member_id
        """
    )
    return {row["member_id"]: row["minor"] for row in rows}


async def test_a_guests_purchase_is_the_members_as_of_its_own_time(database: Database, admin: Any) -> None:
    """Two days later: the points of then, the guest keeps nothing, the money is counted once, and the returns desk
    finds the member's purchase by the receipt's number and by its code."""
    till = await open_till(database)
    guest, token = await sold_to_a_guest(till, line(amount=3000), line(2, amount=1000, category="FRESH"))
    member_id = await enrolled(database)
    claimed = await commands.claim_receipt(till, member_id, f" {token.lower()} ", LATER)
    assert {award.rule: award.units for award in claimed.awards} == {"base": 30, "fresh": 20, "stars": 40}
    assert (await points_of(till, member_id, LATER))[0] == 50
    await follow(till)
    assert (await points_of(till, guest.member_id, LATER))[0] == 0
    assert await kept(admin) == {guest.member_id: 0, member_id: 4000}
    own = await find_purchase(database.reader, member_id, claimed.purchase_id)
    assert own is not None
    assert own.occurred_at == at().now
    found = await find_purchase_by_receipt(database.reader, STORE, "guest")
    assert found is not None
    assert found.id == claimed.purchase_id
    seen = await scan(till, token, STORE, LATER)
    assert (seen.member_id, seen.purchase_id) == (member_id, claimed.purchase_id)
    returned = await commands.return_lines(till, a_piece_of(guest), "back", LATER)
    assert (returned.member_id, returned.total_minor) == (member_id, 3000)
    assert await verify(database.reader) == []


async def test_a_receipt_is_claimed_once_among_ten(database: Database, admin: Any) -> None:
    """Ten members photograph one receipt: one has it, for good; that one asks again and gets the same answer."""
    till = await open_till(database)
    guest, token = await sold_to_a_guest(till, line(amount=2000))
    members = [await enrolled(database) for _ in range(10)]
    answers = await asyncio.gather(
        *(commands.claim_receipt(till, member_id, token, LATER) for member_id in members), return_exceptions=True
    )
    (won,) = (answer for answer in answers if isinstance(answer, Settlement))
    assert {type(answer) for answer in answers} == {Settlement, ReceiptClaimed}
    for _ in range(2):
        await follow(till)
        assert await commands.claim_receipt(till, won.member_id, token, LATER) == won
    assert await kept(admin) == {guest.member_id: 0, won.member_id: 2000}
    assert await admin.fetchval("SELECT count(*) FROM purchase_return") == 1


async def test_only_what_is_left_is_claimed(database: Database, admin: Any) -> None:
    """One of three pieces came back before: two thirds of the money and of the points. Another comes back between the
    claim and the guest's own transaction: it is taken from the member's, too; once, however often that is delivered."""
    till = await open_till(database)
    guest, token = await sold_to_a_guest(till, line(amount=900, quantity=Decimal(3)))
    await commands.return_lines(till, a_piece_of(guest), "before", at())
    member_id = await enrolled(database)
    claimed = await commands.claim_receipt(till, member_id, token, LATER)
    assert {award.rule: award.units for award in claimed.awards}["base"] == 6
    # The desk had looked the guest's purchase up before the claim was there.
    guests = await find_purchase(database.reader, guest.member_id, guest.purchase_id)
    assert guests is not None
    await commands.return_lines_of(till, guests, a_piece_of(guest), "between", LATER)
    again = await admin.fetch("SELECT * FROM outbox WHERE kind = 'activity.purchase_claimed'")
    await follow(till)
    assert await kept(admin) == {guest.member_id: 0, member_id: 300}
    await admin.executemany(
        "INSERT INTO outbox (member_id, id, kind, payload, occurred_at) VALUES ($1, uuidv7(), $2, $3, $4)",
        [(row["member_id"], row["kind"], row["payload"], row["occurred_at"]) for row in again],
    )
    await follow(till)
    assert await kept(admin) == {guest.member_id: 0, member_id: 300}
    assert (await points_of(till, guest.member_id, LATER))[0] == 0
    assert (await points_of(till, member_id, LATER))[0] == 3
    assert await verify(database.reader) == []


async def test_what_cannot_be_claimed_says_why_and_writes_nothing(database: Database, admin: Any) -> None:
    """A forged code, a receipt of another's own card, one of last month, one that came back whole, no claims at all."""
    till = await open_till(database)
    member_id, other = await enrolled(database), await enrolled(database)
    _, token = await sold_to_a_guest(till)
    own = await commands.settle(till, basket(member_id=other), "own", at())
    gone, gone_token = await sold_to_a_guest(till, key="gone")
    await commands.return_lines(till, a_piece_of(gone), "whole", at())
    before = await admin.fetchval("SELECT count(*) FROM purchase")
    for shown, moment, refusal in (
        (token[:-1] + ("0" if token[-1] != "0" else "1"), LATER, ReceiptUnknown),
        ("FRT1", LATER, ReceiptUnknown),
        (receipt_token(PEPPERS, other, own.purchase_id), LATER, ReceiptClaimed),
        (token, at(days=31), ReceiptTooOld),
        (gone_token, LATER, ReceiptGivenBack),
    ):
        with pytest.raises(refusal):
            await commands.claim_receipt(till, member_id, shown, moment)
    assert await admin.fetchval("SELECT count(*) FROM purchase") == before
