"""Workers share the members who are due: each is moved on once, whoever claims first, whatever happens at once."""

import asyncio
from typing import Any

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded
from fedele.domains.journeys.commands import Engine, advance_due, hear
from fedele.domains.journeys.jobs import advance_all
from fedele.kernel.clock import Moment
from fedele.kernel.ids import new_id
from tests.database.journeys.test_members_are_not_stranded import TRIP
from tests.factories.journeys import Tour
from tests.factories.members import enrolled

TWO_RIDES = """
key: trip
name: Trip
trigger: {type: event, event: check_in}
steps:
  - {key: first, type: wait, days: 9, until: {event: ride}}
  - {key: second, type: wait, days: 9, until: {event: ride}}
"""


async def inside(database: Database, count: int) -> Tour:
    """So many members who wait for their gift, which is due now."""
    tour = await Tour.of(database, TRIP)
    for _ in range(count):
        member_id = await enrolled(database)
        event = ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="check_in")
        await tour.hears(event)
    return tour


async def test_two_workers_at_once_give_each_member_one_gift(database: Database, admin: Any) -> None:
    """Sixty members, small batches, two workers that claim as fast as they can."""
    tour = await inside(database, 60)
    later = Moment(tour.now.replace(day=21))

    async def worker() -> int:
        count = 0
        while (batch := await advance_due(tour.engine, later, 7)).claimed:
            count += batch.claimed - batch.left
        return count

    counts = await asyncio.gather(worker(), worker(), advance_all(Engine(database, tour.engine.programmes), later))
    assert sum(counts) >= 60
    assert await admin.fetchval("SELECT count(*) FROM lot") == 60
    assert await admin.fetchval("SELECT count(*) FROM lot WHERE remaining <> 10") == 0
    rows = await admin.fetch("SELECT count(*) AS n, max(visit) AS last FROM journey_visit GROUP BY run_id")
    assert {(row["n"], row["last"]) for row in rows} == {(5, 4)}


async def test_the_same_event_heard_at_once_brings_in_once(database: Database, admin: Any) -> None:
    """Ten jobs for one event, and ten events at once: one run each member, one message."""
    tour = await Tour.of(database, TRIP + "reentry: {days: 0}\n")
    same, several = await enrolled(database), await enrolled(database)
    outbox_id = new_id()

    def event(member_id: Any) -> ActivityRecorded:
        return ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="check_in")

    await asyncio.gather(
        *(hear(tour.engine, event(same), outbox_id, Moment(tour.now)) for _ in range(10)),
        *(hear(tour.engine, event(several), new_id(), Moment(tour.now)) for _ in range(10)),
    )
    assert await admin.fetchval("SELECT count(*) FROM journey_run") == 2
    assert await admin.fetchval("SELECT count(*) FROM in_app_message") == 2


async def test_the_same_event_heard_at_once_ends_one_wait(database: Database, admin: Any) -> None:
    """Two waits for a ride follow each other: the one ride, delivered ten times at once, ends the first."""
    tour = await Tour.of(database, TWO_RIDES)
    member_id, outbox_id = await enrolled(database), new_id()
    await tour.hears(ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="check_in"))
    ride = ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="ride")
    await asyncio.gather(*(hear(tour.engine, ride, outbox_id, Moment(tour.now)) for _ in range(10)))
    assert await tour.path(member_id) == ["enter entered", "first wait event"]


async def test_a_goal_and_a_due_step_at_once_end_in_one_of_both_orders(database: Database, admin: Any) -> None:
    """The event and the worker race for twenty members: each has a gift before the goal, or the goal and no gift."""
    text = TRIP + "goal: {event: ride, days: 60}\n"
    tour = await Tour.of(database, text)
    members = [await enrolled(database) for _ in range(20)]
    for member_id in members:
        await tour.hears(
            ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="check_in")
        )
    later = Moment(tour.now.replace(day=20))

    async def rides() -> None:
        for member_id in members:
            ride = ActivityRecorded(member_id=member_id, occurred_at=later.now, event_id=new_id(), name="ride")
            await hear(tour.engine, ride, new_id(), later)

    async def works() -> None:
        while (await advance_due(tour.engine, later, 2)).claimed:
            pass

    await asyncio.gather(rides(), works())
    paths = [await tour.path(member_id) for member_id in members]
    with_gift = [path for path in paths if "gift award given" in path]
    stopped = [path for path in paths if path[-1] == "rest end goal"]
    assert len(with_gift) + len(stopped) == 20
    assert await admin.fetchval("SELECT count(*) FROM lot") == len(with_gift)
    assert await admin.fetchval("SELECT count(*) FROM journey_run WHERE goal_at IS NOT NULL") == 20
