"""Changing, removing and pausing a journey, a step that fails, an erased member: nobody is stranded or held up."""

from datetime import timedelta
from typing import Any

import pytest

from fedele.db.database import Database
from fedele.domains.journeys.commands import advancing, forget_member, pause_journey, resume_journey
from fedele.domains.journeys.commands.effects import carry_out
from fedele.domains.journeys.errors import JourneyNotFound
from fedele.domains.journeys.queries import export_personal_data, figures_of, list_inside, list_journeys
from fedele.kernel.clock import Moment
from tests.database.journeys.test_a_member_goes_through import checks_in
from tests.factories.journeys import Tour
from tests.factories.members import enrolled

TRIP = """
key: trip
name: Trip
trigger: {type: event, event: check_in}
steps:
  - {key: hello, type: send, message: hello}
  - {key: rest, type: wait, days: 10}
  - {key: gift, type: award, units: {currency: points, amount: 10}}
"""
OTHER = "key: other\nname: Other\ntrigger: {type: event, event: ride}\nsteps: [{key: w, type: wait, days: 1}]"


async def test_a_removed_journey_is_gone_through_to_its_end(database: Database) -> None:
    """By the version that the member entered; nobody else comes in."""
    tour = await Tour.of(database, TRIP)
    inside, later = await enrolled(database), await enrolled(database)
    await checks_in(tour, inside)
    tour.now += timedelta(days=1)
    await tour.change(OTHER)
    await checks_in(tour, later)
    await tour.turn(days=9)
    assert (await tour.path(inside))[-2:] == ["gift award given", "gift end finished"]
    assert await tour.path(later) == []
    listed = await list_journeys(database.reader, await tour.programme())
    assert [(one.journey_key, one.in_programme, one.entered) for one in listed] == [
        ("other", True, 0), ("trip", False, 1),
    ]  # fmt: skip


async def test_a_changed_journey_keeps_those_inside_in_their_version(database: Database, admin: Any) -> None:
    """They get what was promised when they came; who comes now gets the new one."""
    tour = await Tour.of(database, TRIP)
    old, new = await enrolled(database), await enrolled(database)
    await checks_in(tour, old)
    tour.now += timedelta(days=1)
    await tour.change(TRIP.replace("amount: 10", "amount: 99").replace("days: 10", "days: 9"))
    await checks_in(tour, new)
    await tour.turn(days=9)
    units = {row["member_id"]: row["remaining"] for row in await admin.fetch("SELECT member_id, remaining FROM lot")}
    assert units == {old: 10, new: 99}


async def test_a_journey_that_moves_takes_those_inside_along(database: Database, admin: Any) -> None:
    """A shorter wait is over at once, for those who have waited so long already; each is moved once."""
    tour = await Tour.of(database, TRIP)
    member_id = await enrolled(database)
    await checks_in(tour, member_id)
    tour.now += timedelta(days=4)
    shorter = TRIP.replace("key: rest, type: wait, days: 10", "key: pause, type: wait, days: 3")
    await tour.change(shorter + "on_change: {members: move, steps: {rest: pause}}\n")
    await tour.work()
    assert await tour.path(member_id) == [
        "enter entered", "hello send sent", "rest move pause", "pause wait elapsed", "gift award given",
        "gift end finished",
    ]  # fmt: skip
    assert await admin.fetchval("SELECT count(*) FROM lot") == 1


async def test_a_paused_journey_stands_still_and_goes_on(database: Database) -> None:
    """Nobody enters and nobody moves; who is due when it is resumed goes on at once."""
    tour = await Tour.of(database, TRIP)
    inside, shut_out = await enrolled(database), await enrolled(database)
    await checks_in(tour, inside)
    programme = await tour.programme()
    async with database.transaction() as tx:
        await pause_journey(tx, programme, "trip", "staff:1", "a mistake in the words", Moment(tour.now))
    await checks_in(tour, shut_out)
    await tour.turn(days=11)
    assert await tour.path(inside) == ["enter entered", "hello send sent"]
    assert await tour.path(shut_out) == []
    assert (await list_journeys(database.reader, programme))[0].paused is not None
    async with database.transaction() as tx:
        await resume_journey(tx, programme, "trip", Moment(tour.now))
    await tour.work()
    assert (await tour.path(inside))[-1] == "gift end finished"


async def test_an_unknown_journey_is_neither_paused_nor_resumed(database: Database, admin: Any) -> None:
    """And nothing is written."""
    tour = await Tour.of(database, TRIP)
    programme = await tour.programme()
    for steer in (
        lambda tx: pause_journey(tx, programme, "tripp", "staff:1", "why", Moment(tour.now)),
        lambda tx: resume_journey(tx, programme, "tripp", Moment(tour.now)),
    ):
        with pytest.raises(JourneyNotFound):
            async with database.transaction() as tx:
                await steer(tx)
    assert await admin.fetchval("SELECT count(*) FROM journey_pause") == 0


async def test_one_whose_step_fails_holds_up_nobody_else(
    database: Database, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put off, longer each time, then held; resumed when the cause is mended, and nothing is done twice."""
    tour = await Tour.of(database, TRIP)
    members = [await enrolled(database) for _ in range(4)]
    for member_id in members:
        await checks_in(tour, member_id)
    poisoned = members[1]

    async def failing(tx: Any, programme: Any, effects: Any, moment: Any) -> Any:
        done = await carry_out(tx, programme, effects, moment)
        if any(effect.run.member_id == poisoned for effect in effects):
            raise RuntimeError("the disk is on fire")
        return done

    with monkeypatch.context() as patched:
        patched.setattr(advancing, "carry_out", failing)
        await tour.turn(days=10)
        ends = [(await tour.path(member_id))[-1] for member_id in members]
        assert ends == ["gift end finished", "hello send sent", "gift end finished", "gift end finished"]
        assert await admin.fetchval("SELECT attempts FROM journey_run WHERE member_id = $1", poisoned) == 1
        for _ in range(12):
            await tour.turn(hours=7)
    held = (await tour.traces(poisoned))[0].run
    assert (held.state, held.reason, held.next_due) == ("held", "RuntimeError", None)
    programme = await tour.programme()
    async with database.transaction() as tx:
        assert await resume_journey(tx, programme, "trip", Moment(tour.now)) == 1
    await tour.work()
    assert (await tour.path(poisoned))[-2:] == ["gift award given", "gift end finished"]
    assert await admin.fetchval("SELECT array_agg(remaining) FROM lot") == [10] * 4


async def test_a_step_that_is_refused_is_noted_and_the_journey_goes_on(database: Database) -> None:
    """A reward that left the programme, an attribute it does not know."""
    text = """
key: trip
name: Trip
trigger: {type: event, event: check_in}
steps:
  - {key: rest, type: wait, days: 1}
  - {key: cup, type: give, reward: coffee}
  - {key: mark, type: tag, set: {shoe: 43}}
  - {key: hello, type: send, message: hello}
"""
    tour = await Tour.of(database, text)
    member_id = await enrolled(database)
    await checks_in(tour, member_id)
    from tests.factories.journeys import HEAD
    from tests.factories.programme import apply_programme

    without = "\n".join(line for line in HEAD.splitlines() if "coffee" not in line and "rewards:" not in line) + "\n"
    await apply_programme(database, without, tour.now)
    tour.engine.programmes.forget()
    await tour.turn(days=1)
    found = (await tour.traces(member_id))[0]
    assert [(line.visit.outcome, line.visit.detail.get("code")) for line in found.lines[2:5]] == [
        ("refused", "NOT_FOUND"), ("refused", "PREFERENCE_UNKNOWN"), ("sent", None),
    ]  # fmt: skip


async def test_an_erased_member_leaves_nothing_behind(database: Database, admin: Any) -> None:
    """Their export tells of it before; afterwards there is neither place nor trace."""
    tour = await Tour.of(database, TRIP)
    member_id = await enrolled(database)
    await checks_in(tour, member_id)
    exported = await export_personal_data(database.reader, member_id)
    assert [step["step"] for step in exported[0]["steps"]] == ["", "hello"]
    async with database.transaction() as tx:
        await forget_member(tx, member_id)
    assert await admin.fetchval("SELECT (SELECT count(*) FROM journey_run) + (SELECT count(*) FROM journey_visit)") == 0
    await tour.turn(days=11)
    assert await admin.fetchval("SELECT count(*) FROM lot") == 0


async def test_the_trace_is_not_rewritten(database: Database) -> None:
    """The application may add lines and, for erasure, delete a member's; it may not change one."""
    tour = await Tour.of(database, TRIP)
    await checks_in(tour, await enrolled(database))
    with pytest.raises(Exception, match="permission denied"):
        async with database.transaction() as tx:
            await tx.execute("UPDATE journey_visit SET outcome = 'other'")


async def test_a_journey_in_numbers(database: Database) -> None:
    """Who entered, where they are, which side of a split they took, and what the holdout tells."""
    text = """
key: ab
name: A or B
trigger: {type: event, event: check_in}
goal: {event: ride, days: 30}
holdout_percent: 30
steps:
  - key: deal
    type: split
    arms: [{key: a, go: hello}, {key: b, go: rest}]
  - {key: hello, type: send, message: hello}
  - {key: rest, type: wait, days: 10}
"""
    tour = await Tour.of(database, text)
    members = [await enrolled(database) for _ in range(30)]
    for member_id in members:
        await checks_in(tour, member_id)
    programme = await tour.programme()
    figures = await figures_of(database.reader, programme, "ab")
    assert figures.entered == 30
    assert figures.lift is not None
    held_out, treated = figures.lift.holdout.members, figures.lift.treated.members
    assert held_out + treated == 30
    assert 1 <= held_out <= 20
    arms = {side.key: side.members for side in figures.splits["deal"]}
    assert arms["a"] + arms["b"] == treated == figures.by_state["active"]
    assert {step.step_key: step.inside for step in figures.steps} == {"deal": 0, "hello": 0, "rest": treated}
    assert {step.step_key: step.passed.get("sent", 0) for step in figures.steps}["hello"] == arms["a"]
    reached = [member_id for member_id in members if (await tour.path(member_id))[0] == "enter entered"][:5]
    tour.now += timedelta(days=1)
    for member_id in reached:
        await rides(tour, member_id)
    after = await figures_of(database.reader, programme, "ab")
    assert (after.goals, after.exits, after.by_state["goal"]) == (5, {"goal": 5}, 5)
    assert after.lift is not None
    assert after.lift.treated.goals == 5
    assert after.lift.low < after.lift.difference == after.lift.treated.rate < after.lift.high
    page = await list_inside(database.reader, "ab", "rest", 5)
    rest = await list_inside(database.reader, "ab", "rest", 100, page.cursors[-1])
    assert page.has_next
    assert len({run.member_id for run in (*page.items, *rest.items)}) == treated - 5


async def rides(tour: Tour, member_id: Any) -> None:
    """The member rides."""
    from fedele.domains.activity.events import ActivityRecorded
    from fedele.kernel.ids import new_id

    await tour.hears(ActivityRecorded(member_id=member_id, occurred_at=tour.now, event_id=new_id(), name="ride"))
