"""What brings members into journeys: events, silence, dates and sequences; once each, and never twice at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded, PurchaseRecorded
from fedele.domains.ledger.commands import post
from fedele.domains.ledger.types import Earn
from fedele.domains.members.types import MonthDay
from fedele.domains.segments.events import SegmentEntered
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.money import CurrencyKey
from tests.factories.journeys import HEAD, NOON, Tour
from tests.factories.members import enrolled

STEPS = "steps: [{key: hello, type: send, message: miss-you}, {key: rest, type: wait, days: 300}]"
WIN_BACK = f"""
key: win-back
name: Win back
trigger: {{type: inactivity, days: 30}}
goal: {{event: purchase, days: 60}}
reentry: {{days: 0}}
{STEPS}
"""
SEQUENCE = f"""
key: shy
name: Has points and does not use them
trigger: {{type: sequence, event: visit, count: 2, days: 7, without: [rewards.redeemed]}}
{STEPS}
"""


async def buys(tour: Tour, admin: Any, member_id: MemberId, amount: int = 1_000, *, heard: bool = True) -> None:
    """A purchase now, as the till writes it."""
    purchase_id = new_id()
    await admin.execute(
        """
        INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                              total_minor, tax_minor, discount_minor, tenders, attributes, points)
        VALUES ($1, $2, 'shop', $3, 'store', $4, $4, 'EUR', $5, 0, 0, '[]', '{}', '{}')
        """,
        member_id, purchase_id, str(purchase_id), tour.now, amount,
    )  # fmt: skip
    if heard:
        event = PurchaseRecorded(
            member_id=member_id, occurred_at=tour.now, purchase_id=purchase_id, store_id="shop", currency="EUR",
            total_minor=amount,
        )  # fmt: skip
        await tour.hears(event)


async def runs(admin: Any, member_id: MemberId) -> list[tuple[str, str]]:
    """The member's runs: journey and state, oldest first."""
    rows = await admin.fetch(
        "SELECT journey_key, state FROM journey_run WHERE member_id = $1 ORDER BY entered_at, run_id", member_id
    )
    return [(row["journey_key"], row["state"]) for row in rows]


async def test_win_back_fires_once_for_each_silence_and_stops_on_purchase(database: Database, admin: Any) -> None:
    """Not before the thirtieth day, once however often it is looked, ended by a purchase, again after a new silence."""
    tour = await Tour.of(database, WIN_BACK)
    member_id = await enrolled(database)
    await buys(tour, admin, member_id)
    await tour.turn(days=29)
    assert await runs(admin, member_id) == []
    await tour.turn(days=1)
    for _ in range(3):
        await tour.turn(hours=5)
    assert await runs(admin, member_id) == [("win-back", "active")]
    assert await admin.fetchval("SELECT count(*) FROM in_app_message") == 1
    await buys(tour, admin, member_id)
    assert await runs(admin, member_id) == [("win-back", "goal")]
    await tour.turn(days=29)
    assert len(await runs(admin, member_id)) == 1
    await tour.turn(days=2)
    assert await runs(admin, member_id) == [("win-back", "goal"), ("win-back", "active")]
    assert await admin.fetchval("SELECT count(*) FROM in_app_message") == 2


async def test_a_purchase_that_is_heard_late_stops_it_at_the_next_step(database: Database, admin: Any) -> None:
    """The books are asked at each step: no message goes to somebody who has bought."""
    text = WIN_BACK.replace(
        "{key: rest, type: wait, days: 300}", "{key: w, type: wait, days: 2}, {key: m, type: send, message: hello}"
    )
    tour = await Tour.of(database, text)
    member_id = await enrolled(database)
    await buys(tour, admin, member_id)
    await tour.turn(days=30)
    await tour.turn(days=1)
    await buys(tour, admin, member_id, heard=False)
    await tour.turn(days=1)
    assert await tour.path(member_id) == ["enter entered", "hello send sent", "w goal reached", "w end goal"]


async def test_who_left_long_ago_is_left_alone(database: Database, admin: Any) -> None:
    """A new journey reaches a week back and no further."""
    recent, gone = await enrolled(database), await enrolled(database)
    tour = await Tour.of(database, WIN_BACK)
    tour.now = NOON - timedelta(days=38)
    await buys(tour, admin, gone)
    tour.now = NOON - timedelta(days=36)
    await buys(tour, admin, recent)
    tour.now = NOON
    await tour.work()
    assert (await runs(admin, gone), await runs(admin, recent)) == ([], [("win-back", "active")])


async def test_two_visits_without_a_redemption_fire_a_sequence(database: Database, admin: Any) -> None:
    """On the second day, within seven days, and not where something was redeemed."""
    tour = await Tour.of(database, SEQUENCE)
    shy, keen, slow = [await enrolled(database) for _ in range(3)]
    for member_id in (shy, keen, slow):
        await buys(tour, admin, member_id)
        await buys(tour, admin, member_id)  # the same day: one visit
    assert await admin.fetchval("SELECT count(*) FROM journey_run") == 0
    await tour.turn(days=3)
    await admin.execute(
        """
        INSERT INTO redemption (member_id, redemption_id, reward_key, code, status, redeemed_at, units, usable_until,
                                programme_version)
        VALUES ($1, $2, 'coffee', 'c', 'held', $3, 0, $3, 1)
        """,
        keen, new_id(), tour.now,
    )  # fmt: skip
    await buys(tour, admin, shy)
    await buys(tour, admin, keen)
    assert await runs(admin, shy) == [("shy", "active")]
    assert await runs(admin, keen) == []
    await tour.turn(days=5)
    await buys(tour, admin, slow)
    assert await runs(admin, slow) == []


async def test_an_event_brings_somebody_in_once_and_its_condition_is_asked(database: Database, admin: Any) -> None:
    """Told twice under the same outbox id: one run. Another event while inside: none. A small purchase: none."""
    text = f"""
key: big
name: Big
trigger:
  type: event
  event: purchase
  when: "event.properties.amount >= 50.0 && event.properties.channel == 'store'"
reentry: {{days: 0}}
{STEPS}
"""
    tour = await Tour.of(database, text)
    member_id = await enrolled(database)
    await buys(tour, admin, member_id, 4_999)
    assert await runs(admin, member_id) == []
    await buys(tour, admin, member_id, 5_000)
    await buys(tour, admin, member_id, 6_000)
    assert await runs(admin, member_id) == [("big", "active")]
    event = ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="check_in")
    await tour.hears(event)
    assert await admin.fetchval("SELECT count(*) FROM journey_run") == 1


async def test_re_entry_is_as_declared(database: Database, admin: Any) -> None:
    """Never; or so many days after the end."""
    short = "trigger: {type: event, event: check_in}\nsteps: [{key: hello, type: send, message: hello}]"
    tour = await Tour.of(
        database, f"key: once\nname: Once\n{short}", f"key: monthly\nname: Monthly\nreentry: {{days: 30}}\n{short}"
    )
    member_id = await enrolled(database)
    for days in (0, 10, 19, 2):
        tour.now += timedelta(days=days)
        await tour.hears(
            ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="check_in")
        )
    assert sorted(await runs(admin, member_id)) == [
        ("monthly", "completed"), ("monthly", "completed"), ("once", "completed"),
    ]  # fmt: skip


async def test_a_segment_brings_in_whoever_enters_it(database: Database, admin: Any) -> None:
    """And nobody who enters another one."""
    head = (
        HEAD
        + "segments:\n  - {key: lapsed, name: Lapsed, when: 'member.purchases_count > 3'}\n"
        + "  - {key: other, name: O, list: true}\n"
    )
    text = f"key: care\nname: Care\ntrigger: {{type: segment, segment: lapsed}}\n{STEPS}"
    tour = await Tour.of(database, text, head=head)
    member_id = await enrolled(database)
    await tour.hears(SegmentEntered(member_id=member_id, occurred_at=tour.now, segment="other"))
    assert await runs(admin, member_id) == []
    await tour.hears(SegmentEntered(member_id=member_id, occurred_at=tour.now, segment="lapsed"))
    assert await runs(admin, member_id) == [("care", "active")]


BIRTHDAY = """
key: birthday
name: Birthday
trigger: {type: date, of: birthday, days_before: 2, at: "09:00"}
reentry: {days: 300}
steps: [{key: hello, type: send, message: hello}]
"""


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Europe/Rome", "America/Los_Angeles"])
async def test_a_birthday_comes_at_nine_on_the_members_own_clock(database: Database, admin: Any, zone: str) -> None:
    """Two days before, once a year, in the member's time zone."""
    tour = await Tour.of(database, BIRTHDAY)
    member_id = await enrolled(database, birthday=MonthDay(3, 14), time_zone=zone)
    nine = {"Pacific/Auckland": 20 - 24, "Europe/Rome": 8, "America/Los_Angeles": 16}[zone]
    at = datetime(2026, 3, 12, tzinfo=UTC) + timedelta(hours=nine)
    tour.now = at - timedelta(minutes=1)
    await tour.work()
    assert await runs(admin, member_id) == []
    await tour.turn(minutes=1)
    await tour.turn(hours=30)
    assert await runs(admin, member_id) == [("birthday", "completed")]
    await tour.turn(days=364)
    assert len(await runs(admin, member_id)) == 2


async def test_expiring_units_are_warned_of_thirty_days_ahead(database: Database, admin: Any) -> None:
    """Once for each last day; a lot that ends later has a warning of its own when its time comes."""
    text = """
key: expiry
name: Expiry
trigger: {type: date, of: expiry, days_before: 30, currency: points}
reentry: {days: 7}
steps: [{key: hello, type: send, message: hello}]
"""
    tour = await Tour.of(database, text)
    member_id = await enrolled(database)
    for days in (31.5, 60):
        earn = Earn(
            scope="test", key=str(new_id()), currency=CurrencyKey("points"), units=10, source="test",
            expires_at=NOON + timedelta(days=days),
        )  # fmt: skip
        async with database.transaction() as tx:
            await post(tx, member_id, [earn], Moment(NOON))
    await tour.work()
    assert await runs(admin, member_id) == []
    for _ in range(20):
        await tour.turn(days=1)
    assert await runs(admin, member_id) == [("expiry", "completed")]
    for _ in range(20):
        await tour.turn(days=1)
    assert len(await runs(admin, member_id)) == 2


async def test_a_day_of_the_calendar_brings_everybody_in(database: Database, admin: Any) -> None:
    """Once, from its hour on; who joins days later is not greeted for it."""
    text = f"key: day\nname: Day\ntrigger: {{type: date, on: 2026-03-12, at: '10:00'}}\n{STEPS}"
    tour = await Tour.of(database, text)
    members = [await enrolled(database) for _ in range(5)]
    await tour.turn(days=1)
    assert await admin.fetchval("SELECT count(*) FROM journey_run") == 0
    await tour.turn(days=1)
    late = await enrolled(database)
    await tour.turn(days=3)
    assert [await runs(admin, one) for one in members] == [[("day", "active")]] * 5
    assert await runs(admin, late) == []


async def test_who_does_not_meet_the_condition_is_not_asked_again_for_the_same_silence(
    database: Database, admin: Any
) -> None:
    """The trace says why not."""
    tour = await Tour.of(database, WIN_BACK + "when: member.purchases_count >= 2\n")
    member_id = await enrolled(database)
    await buys(tour, admin, member_id)
    for _ in range(3):
        await tour.turn(days=11)
    assert await runs(admin, member_id) == [("win-back", "declined")]
    line = (await tour.traces(member_id))[0].lines[0].visit
    assert (line.outcome, line.detail) == ("condition", {"condition": "member.purchases_count >= 2"})
