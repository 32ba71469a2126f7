"""Pitfall 26: who falls and rises again is not welcomed, paid or told a second time."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from fedele.bootstrap import CLOSING_STEPS
from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout.commands import return_lines, settle
from fedele.domains.checkout.types import Return
from fedele.domains.closing.commands import close_day
from fedele.domains.tiers import handlers
from fedele.domains.tiers.events import TierChanged
from fedele.kernel.clock import Moment
from tests.factories.closing import DAY, MIDNIGHT, closes, gives, rome
from tests.factories.members import enrolled
from tests.factories.till import PROGRAMME, STORE, at, basket, line, open_till

WELCOME = (
    PROGRAMME
    + """
messages:
  templates:
    - {key: welcome, on: tiers.tier_changed, channels: [in_app], purpose: service, title: "{tier}", body: Welcome}
"""
)


async def told(database: Database, programmes: Any, admin: Any) -> int:
    """Deliver every change of tier that was announced, each twice, while it is news; how many messages there are."""
    for row in await admin.fetch("SELECT id, payload FROM outbox WHERE kind = 'tiers.tier_changed' ORDER BY id"):
        event = TierChanged.from_payload(row["payload"])
        heard = Moment(event.occurred_at + timedelta(hours=1))
        (tell, *_) = handlers.handlers(database, programmes.at, lambda heard=heard: heard)
        for _ in range(2):
            await tell.run(event, row["id"])
    count: int = await admin.fetchval("SELECT count(*) FROM in_app_message")
    return count


async def test_gold_lost_by_a_return_and_reached_again_is_told_once(database: Database, admin: Any) -> None:
    """Bought, brought back, bought again, three times over: one welcome."""
    till, member_id = await open_till(database, WELCOME), await enrolled(database)
    for turn in range(3):
        sale = await settle(till, basket(line(amount=40_000), member_id=member_id), f"gold-{turn}", at(days=turn))
        if turn < 2:
            back = Return(
                store_id=STORE, lines=(ReturnedLine(1, Decimal(1)),), member_id=member_id, purchase_id=sale.purchase_id
            )
            await return_lines(till, back, f"back-{turn}", at(days=turn, hours=1))
    changes = await admin.fetchval("SELECT count(*) FROM outbox WHERE kind = 'tiers.tier_changed'")
    assert changes == 5
    assert await told(database, till.programmes, admin) == 1


async def test_a_tier_reached_again_after_years_is_told_again(database: Database, admin: Any) -> None:
    """That is no flapping: the welcome of two years ago does not silence this one."""
    till, member_id = await open_till(database, WELCOME), await enrolled(database)
    for days in (0, 800):
        await settle(till, basket(line(amount=40_000), member_id=member_id), f"gold-{days}", at(days=days))
    assert await told(database, till.programmes, admin) == 2


async def test_an_expiry_is_announced_once_however_often_days_are_closed(database: Database, admin: Any) -> None:
    """31 closes before the units end: one announcement; a new end is announced anew."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 70, expires_at=MIDNIGHT + timedelta(days=33))
    for day in range(33):
        now = Moment(MIDNIGHT + timedelta(days=day, minutes=1))
        await close_day(database, programmes, DAY + timedelta(days=day), now, CLOSING_STEPS)
    rows = await admin.fetch("SELECT occurred_at, payload FROM outbox WHERE kind = 'closing.expiry_announced'")
    assert len(rows) == 1
    ahead = MIDNIGHT + timedelta(days=33) - rows[0]["occurred_at"]
    assert timedelta(days=30) <= ahead < timedelta(days=32)
    await closes(database, programmes, DAY)
    assert await admin.fetchval("SELECT count(*) FROM expiry_announcement") == 1
