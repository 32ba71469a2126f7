"""A member goes through a journey: each kind of step does its work once, in order, and the trace says why."""

from datetime import timedelta
from typing import Any

from fedele.db.database import Database
from fedele.domains.activity.events import ActivityRecorded
from fedele.kernel.ids import MemberId, new_id
from tests.factories.journeys import Tour
from tests.factories.members import enrolled

WELCOME = """
key: welcome
name: Welcome
trigger: {type: event, event: check_in}
steps:
  - {key: hello, type: send, message: hello}
  - {key: a-day, type: wait, days: 1}
  - {key: gift, type: award, units: {currency: points, amount: 10}}
  - {key: later, type: wait, hours: 2}
  - {key: mark, type: tag, set: {track: welcomed}}
  - {key: cup, type: give, reward: coffee}
  - {key: crm, type: webhook, topic: welcomed, data: {plan: spring}}
"""


async def checks_in(tour: Tour, member_id: MemberId, outbox_id: Any = None) -> None:
    """The member checks in now."""
    event = ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="check_in")
    await tour.hears(event, outbox_id)


async def test_every_step_is_done_once_and_in_order(database: Database, admin: Any) -> None:
    """Send, wait, award, wait, tag, give, webhook: one of each, however often the worker looks."""
    tour = await Tour.of(database, WELCOME)
    member_id = await enrolled(database)
    await checks_in(tour, member_id)
    for _ in range(3):
        await tour.work()
    assert await tour.path(member_id) == ["enter entered", "hello send sent"]
    await tour.turn(days=1)
    await tour.work()
    await tour.turn(hours=2)
    await tour.work()
    assert await tour.path(member_id) == [
        "enter entered", "hello send sent", "a-day wait elapsed", "gift award given", "later wait elapsed",
        "mark tag set", "cup give given", "crm webhook asked", "crm end finished",
    ]  # fmt: skip
    assert await admin.fetchval("SELECT count(*) FROM in_app_message") == 1
    assert await admin.fetchval("SELECT array_agg(remaining) FROM lot") == [10]
    assert await admin.fetchval("SELECT preferences->>'track' FROM member_profile") == "welcomed"
    assert await admin.fetchval("SELECT source FROM redemption") == "journey"
    hook = await admin.fetchrow("SELECT payload FROM outbox WHERE kind = 'journeys.webhook'")
    assert hook["payload"]["topic"] == "welcomed"
    assert hook["payload"]["data"] == {"plan": "spring"}
    run = (await tour.traces(member_id))[0].run
    assert (run.state, run.reason, run.next_due) == ("completed", "finished", None)
    assert run.ended_at == run.entered_at + timedelta(days=1, hours=2)
