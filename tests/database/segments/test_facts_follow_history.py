"""Facts kept event by event are those that history tells: rebuilt from nothing, nothing changes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fedele.db.database import Database
from fedele.domains.activity.types import ReturnedLine
from fedele.domains.checkout import commands as checkout
from fedele.domains.checkout.types import Return
from fedele.domains.members.commands import set_consent, update_profile
from fedele.domains.members.types import Channel, MonthDay, ProfileChange, Purpose
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.segments import commands
from fedele.domains.segments.queries import find_facts
from fedele.kernel.ids import MemberId, new_id
from tests.factories.history import live_through
from tests.factories.members import enrolled
from tests.factories.segments import SEGMENTS, Neighbourhood, neighbourhood
from tests.factories.till import NOON, STORE, basket, line

KEPT = "SELECT * FROM member_facts ORDER BY member_id"
OWN = {"version", "as_of", "segments"}  # when and how the row was made, and what is not a fact


async def kept(database: Database) -> list[dict[str, Any]]:
    """Every row, without what says when it was made."""
    rows = await database.reader.fetch(KEPT)
    return [{key: value for key, value in row.items() if key not in OWN} for row in rows]


async def test_facts_kept_by_events_equal_those_rebuilt_from_history(database: Database, admin: Any) -> None:
    """Forty days of sales, returns, rides and late reports, followed by events alone; then rebuilt from nothing."""
    till, people = await live_through(database, seed=7, members=3, steps=25)
    street = Neighbourhood(database, till, NOON + timedelta(days=41))
    await street.changes_to(SEGMENTS)
    await street.follows()
    followed = await kept(database)
    assert {row["member_id"] for row in followed} == set(people)
    assert any(row["spend_90"] != row["spend_365"] or row["purchases_30"] != row["purchases_90"] for row in followed)
    assert all(row["events"] and row["balances"] and row["stores"] for row in followed)
    await admin.execute("DELETE FROM member_facts")
    assert await commands.rebuild(database, await street.programme(), street.moment) == len(people)
    assert await kept(database) == followed


async def test_time_changes_facts_that_no_event_does(database: Database) -> None:
    """A month later, with nobody there: the rows that time has made stale are made again, the others stay."""
    street = await neighbourhood(database)
    member_id, other = await enrolled(database), await enrolled(database)
    await street.sells(member_id, "one", 1000, 500)
    await street.sells(other, "two")
    await street.refreshes()
    street.now += timedelta(days=15)
    await street.sells(other, "three")
    for days, expected in ((14, (1, 2)), (1, (0, 1)), (15, (0, 0))):
        await street.refreshes(days=days)
        rows = {row["member_id"]: row for row in await kept(database)}
        assert (rows[member_id]["purchases_30"], rows[other]["purchases_30"]) == expected
        assert (rows[member_id]["purchases_90"], rows[other]["purchases_90"]) == (1, 2)
    assert rows[member_id]["spend_30"] == 0
    assert rows[member_id]["spend_90"] == 1500


async def test_an_offer_and_a_segment_know_the_same_spend(database: Database, admin: Any) -> None:
    """Of 365 local days, in the home currency: what was paid abroad in another money is no spend of ours, nor what was
    paid a day before, nor what is yet to come."""
    street = await neighbourhood(database)
    member_id, programme = await enrolled(database), await street.programme()
    home = programme.section(ProgrammeConfig)
    midnight = street.now.astimezone(ZoneInfo(home.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    for at, currency, minor in (
        (street.now - timedelta(days=5), home.home_currency, 1000),
        (midnight - timedelta(days=364), home.home_currency, 200),  # the first instant of the window
        (midnight - timedelta(days=364, seconds=1), home.home_currency, 40),
        (street.now - timedelta(days=5), "JPY", 90_000),
        (street.now + timedelta(hours=1), home.home_currency, 7),
    ):
        await admin.execute(
            """
            INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at,
                                  currency, total_minor, tax_minor, discount_minor, tenders)
            VALUES ($1, $2, 'abroad', $2::uuid::text, 'store', $3, $3, $4, $5, 0, 0, '[]')
            """,
            member_id, new_id(), at, currency, minor,
        )  # fmt: skip
    await commands.rebuild(database, programme, street.moment)
    (row,) = await kept(database)
    facts = await find_facts(database.reader, programme, member_id, street.now)
    assert facts is not None
    assert (row["spend_365"], row["purchases_count"]) == (1200, 4)
    assert (facts.values["member.spend_12_months"], facts.values["member.purchases_count"]) == (Decimal("12.00"), 4)


async def test_whatever_happens_is_in_the_facts_at_once(database: Database) -> None:
    """After each kind of happening its event alone makes the facts what a rebuild makes them, and different ones."""
    street = await neighbourhood(database)
    member_id = await enrolled(database)
    await street.follows()
    for happening in (bought, returned, rode, corrected, agreed, changed, earned_gold):
        before = await kept(database)
        street.now += timedelta(minutes=5)
        await happening(street, member_id)
        await street.follows()
        followed = await kept(database)
        assert followed != before, f"{happening.__name__} changed no fact"
        await commands.rebuild(database, await street.programme(), street.moment)
        assert await kept(database) == followed, f"{happening.__name__} was not followed"


async def bought(street: Neighbourhood, member_id: MemberId) -> None:
    """Two lines of two categories, under the receipt R-1."""
    lines = (line(1, 1000, category="FRUIT"), line(2, 500, category="WINE"))
    await checkout.settle(street.till, basket(*lines, member_id=member_id, receipt="R-1"), "R-1", street.moment)


async def returned(street: Neighbourhood, member_id: MemberId) -> None:
    """The second line comes back: spend is net of it, and its category was not bought."""
    wanted = Return(store_id=STORE, lines=(ReturnedLine(number=2, quantity=Decimal(1)),), receipt="R-1")
    await checkout.return_lines(street.till, wanted, "back", street.moment)
    await street.follows()
    (row,) = await kept(street.database)
    assert (row["spend_30"], row["spend_365"], row["purchases_30"]) == (1000, 1000, 1)
    assert row["categories"] == ["FRUIT"]


async def rode(street: Neighbourhood, member_id: MemberId) -> None:
    """A custom event."""
    await checkout.record_event(street.till, member_id, "ride", {"minutes": 70}, "ride-1", street.moment)


async def corrected(street: Neighbourhood, member_id: MemberId) -> None:
    """A balance corrected by hand."""
    await street.adjusts(member_id, 7)


async def agreed(street: Neighbourhood, member_id: MemberId) -> None:
    """A consent."""
    async with street.database.transaction() as tx:
        await set_consent(
            tx, member_id, Purpose.MARKETING, Channel.PUSH, True, source="app", wording="1", moment=street.moment
        )


async def changed(street: Neighbourhood, member_id: MemberId) -> None:
    """A profile: locale, with its country, and birthday."""
    async with street.database.transaction() as tx:
        change = ProfileChange(locale="it-CH", birthday=MonthDay(2, 29))
        await update_profile(tx, member_id, change, street.moment)


async def earned_gold(street: Neighbourhood, member_id: MemberId) -> None:
    """A sale that reaches the next tier."""
    await checkout.settle(street.till, basket(line(1, 90_000), member_id=member_id), "gold", street.moment)
    await street.follows()
    (row,) = await kept(street.database)
    assert row["tier"] == "gold"
