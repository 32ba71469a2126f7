"""Joining the programme and checking in at a place are events that rules may award."""

from typing import Any

from fedele.db.database import Database
from fedele.domains.checkout.handlers import handlers
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.members.events import MemberEnrolled
from fedele.domains.offers.events import CheckedIn
from fedele.kernel.ids import new_id
from tests.factories.members import JOINED_AT, enrolled
from tests.factories.till import PROGRAMME, at, open_till


async def test_the_welcome_gift_is_given_once_however_often_joining_is_announced(
    database: Database, admin: Any
) -> None:
    """The relay may deliver twice; the member gets 100 points once, dated to the day they joined."""
    till = await open_till(database, PROGRAMME.replace("event: signup", f"event: {MemberEnrolled.kind}"))
    member_id = await enrolled(database)
    handler = next(one for one in handlers(till, at) if one.event is MemberEnrolled)
    event, outbox_id = MemberEnrolled(member_id=member_id, occurred_at=JOINED_AT, source="app"), new_id()
    for _ in range(2):
        await handler.run(event, outbox_id)
    (balance,) = (await balances_by_member(database.reader, [member_id], at().now))[member_id]
    assert balance.available == 100
    assert await admin.fetchval("SELECT occurred_at FROM activity_event") == JOINED_AT


async def test_a_check_in_earns_once_at_its_place(database: Database, admin: Any) -> None:
    """What the server believed is recorded as the event `check_in` of that place, and awarded by the rules for it."""
    till = await open_till(database, PROGRAMME.replace("event: signup", "event: check_in"))
    member_id = await enrolled(database)
    handler = next(one for one in handlers(till, at) if one.event is CheckedIn)
    event = CheckedIn(member_id=member_id, occurred_at=at().now, position_id=new_id(), place_key="store-1")
    outbox_id = new_id()
    for _ in range(2):
        await handler.run(event, outbox_id)
    (balance,) = (await balances_by_member(database.reader, [member_id], at().now))[member_id]
    assert balance.available == 100
    recorded = await admin.fetch("SELECT name, store_id, occurred_at FROM activity_event")
    assert [tuple(row) for row in recorded] == [("check_in", "store-1", at().now)]
