"""What will expire is told thirty days ahead: in the app, by push, in the feed; and every coming expiry is visible."""

from datetime import timedelta
from typing import Any

from fedele.bootstrap import CLOSING_STEPS
from fedele.db.database import Database
from fedele.domains.closing import handlers
from fedele.domains.closing.announcing import told_of_expiry
from fedele.domains.closing.commands import close_day
from fedele.domains.closing.events import ExpiryAnnounced
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.ledger.types import Burn
from fedele.kernel.clock import Moment
from fedele.kernel.money import CurrencyKey
from tests.factories.closing import DAY, MIDNIGHT, closes, gives, rome
from tests.factories.members import enrolled
from tests.factories.messaging import make_device

HORIZON = MIDNIGHT + timedelta(days=31)


async def test_a_close_tells_in_the_app_and_by_push(database: Database, admin: Any) -> None:
    """The event's words become a message and a push, once, also when the event is delivered twice."""
    programmes, member_id = await rome(database), await enrolled(database)
    await make_device(database, member_id, "phone-of-the-member")
    await gives(database, member_id, 1_250, expires_at=HORIZON)
    await closes(database, programmes)
    (row,) = await admin.fetch("SELECT id, payload FROM outbox WHERE kind = 'closing.expiry_announced'")
    (tell,) = handlers.handlers(database, programmes.at, lambda: Moment(MIDNIGHT))
    for _ in range(2):
        await tell.run(ExpiryAnnounced.from_payload(row["payload"]), row["id"])
    assert await admin.fetchval("SELECT count(*) FROM in_app_message") == 1
    assert await admin.fetchval("SELECT count(*) FROM push_send") == 1


async def test_the_words_name_the_last_day_that_is_left(database: Database) -> None:
    """Units that end with the midnight after 31 July can be spent through 31 July, in every language's own date."""
    programmes = await rome(database)
    event = ExpiryAnnounced(
        member_id=await enrolled(database),
        occurred_at=MIDNIGHT,
        currency="points",
        units=5,
        expires_at=HORIZON,  # type: ignore[arg-type]
    )
    told = told_of_expiry(event, await programmes.at(MIDNIGHT))
    assert told["date"].root == {"en": "July 31, 2026", "it": "31 luglio 2026"}  # type: ignore[union-attr]
    assert told["days"] == "30"


async def test_every_lot_is_told_at_least_thirty_days_ahead(database: Database, admin: Any) -> None:
    """Forty lots that end on forty days: each is announced once, and none less than thirty days before its end."""
    programmes, member_id = await rome(database), await enrolled(database)
    for day in range(40):
        await gives(database, member_id, 1, expires_at=MIDNIGHT + timedelta(days=30 + day))
    for day in range(41):
        now = Moment(MIDNIGHT + timedelta(days=day, minutes=1))
        await close_day(database, programmes, DAY + timedelta(days=day), now, CLOSING_STEPS)
    rows = await admin.fetch("SELECT expires_at, announced_at FROM expiry_announcement")
    assert len(rows) == 40
    # The first lot was thirty days from its end when the first day was closed: a minute after that midnight.
    assert min(row["expires_at"] - row["announced_at"] for row in rows) >= timedelta(days=30) - timedelta(minutes=1)


async def test_what_moves_is_told_anew_and_what_is_spent_is_not_told(database: Database, admin: Any) -> None:
    """A lot with another end is another announcement; a lot that is empty is none."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 5, expires_at=HORIZON)
    await closes(database, programmes)
    await admin.execute("UPDATE lot SET expires_at = expires_at + interval '1 day'")
    await closes(database, programmes, DAY + timedelta(days=1))
    assert await admin.fetchval("SELECT count(*) FROM expiry_announcement") == 2
    await admin.execute("UPDATE lot SET expires_at = expires_at + interval '1 day'")
    async with database.transaction() as tx:
        burn = Burn(scope="test", key="all", currency=CurrencyKey("points"), units=5)
        await post(tx, member_id, [burn], Moment(MIDNIGHT + timedelta(days=1)))
    await closes(database, programmes, DAY + timedelta(days=2))
    assert await admin.fetchval("SELECT count(*) FROM expiry_announcement") == 2


async def test_pitfall_25_every_coming_expiry_is_listed_and_none_that_has_passed(database: Database) -> None:
    """Twelve ends, all of them in order; a lot that ended and is not swept yet is neither spendable nor listed."""
    member_id = await enrolled(database)
    await rome(database)
    await gives(database, member_id, 99, expires_at=MIDNIGHT)
    for month in range(12):
        await gives(database, member_id, month + 1, expires_at=MIDNIGHT + timedelta(days=30 * (month + 1)))
    balances = await balances_by_member(database.reader, [member_id], MIDNIGHT, expiries_count=100)
    (balance,) = balances[member_id]
    assert [expiry.units for expiry in balance.next_expiries] == list(range(1, 13))
    assert balance.available == sum(range(1, 13))
