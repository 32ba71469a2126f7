"""A day is closed once, in the stated order, as of its last instant, whenever and however often that is done."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fedele.bootstrap import CLOSING_STEPS, PROGRAMME_SECTIONS
from fedele.db.database import Database, Transaction
from fedele.domains.closing.commands import close_due
from fedele.domains.closing.errors import DayNotOver
from fedele.domains.closing.queries import list_failures, next_due
from fedele.domains.closing.types import ClosingStep, DayEnd
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.tiers.commands import review_members
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.closing import DAY, MIDNIGHT, ROME, closes, counts, gives, rome
from tests.factories.members import enrolled
from tests.factories.programme import apply_programme

TABLES = ("entry", "lot", "lot_use", "tier_standing", "tier_change", "outbox", "expiry_announcement", "closing_day")


async def everything(admin: Any) -> dict[str, list[Any]]:
    """All that a close may change."""
    return {
        table: [tuple(row) for row in await admin.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")] for table in TABLES
    }


async def test_a_close_settles_sweeps_judges_and_tells(database: Database, admin: Any) -> None:
    """Pending units become available, expired ones go, a tier that has ended falls, what will expire is announced."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 10, activates_at=MIDNIGHT, expires_at=MIDNIGHT + timedelta(days=300))
    await gives(database, member_id, 20, expires_at=MIDNIGHT)
    await gives(database, member_id, 40, expires_at=MIDNIGHT + timedelta(days=30))
    closed = await closes(database, programmes)
    assert [(step.key, step.changed_count) for step in closed.steps if step.changed_count] == [
        ("settle", 1),
        ("expiry", 1),
        ("announce_expiry", 1),
    ]
    (balance,) = (await balances_by_member(database.reader, [member_id], MIDNIGHT))[member_id]
    assert (balance.available, balance.pending) == (50, 0)
    kinds = await admin.fetch("SELECT kind FROM outbox WHERE kind ~ 'points|closing' ORDER BY recorded_at, id")
    assert [row["kind"] for row in kinds][3:] == ["points.settled", "points.expired", "closing.expiry_announced"]


async def test_a_second_close_changes_nothing(database: Database, admin: Any) -> None:
    """Closing a closed day again, days later, leaves every row as it was."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 10, activates_at=MIDNIGHT)
    await gives(database, member_id, 20, expires_at=MIDNIGHT)
    await closes(database, programmes)
    before = await everything(admin)
    await closes(database, programmes, now=MIDNIGHT + timedelta(days=9))
    assert await everything(admin) == before


async def test_a_day_that_goes_on_is_not_closed(database: Database, admin: Any) -> None:
    """A minute before midnight in the programme's zone is refused, and nothing is written."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 20, expires_at=MIDNIGHT)
    with pytest.raises(DayNotOver):
        await closes(database, programmes, now=MIDNIGHT - timedelta(minutes=1))
    assert await admin.fetchval("SELECT count(*) FROM closing_day") == 0
    assert await admin.fetchval("SELECT sum(remaining) FROM lot") == 20


async def test_a_close_that_is_late_is_as_of_the_end_of_its_day(database: Database) -> None:
    """Done two days later, 30 June sweeps what expired on 30 June and leaves the rest to its own day."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 20, expires_at=MIDNIGHT)
    await gives(database, member_id, 30, expires_at=MIDNIGHT + timedelta(days=1))
    late = await closes(database, programmes, now=MIDNIGHT + timedelta(days=2))
    assert {step.key: step.changed_count for step in late.steps}["expiry"] == 1
    rows = await database.reader.fetch("SELECT remaining FROM lot ORDER BY expires_at")
    assert [row["remaining"] for row in rows] == [0, 30]


async def test_days_that_were_missed_are_closed_one_after_the_other(database: Database, admin: Any) -> None:
    """After an outage of three days each is closed, oldest first; the first close ever begins with yesterday."""
    programmes = await rome(database)
    first = await close_due(database, programmes, Moment(MIDNIGHT + timedelta(minutes=1)), CLOSING_STEPS)
    assert [day.day for day in first] == [DAY]
    assert await close_due(database, programmes, Moment(MIDNIGHT + timedelta(hours=23)), CLOSING_STEPS) == []
    later = await close_due(database, programmes, Moment(MIDNIGHT + timedelta(days=3, hours=1)), CLOSING_STEPS)
    assert [day.day for day in later] == [date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)]
    assert await admin.fetchval("SELECT count(*) FROM closing_day WHERE finished_at IS NOT NULL") == 4


async def test_a_day_of_25_hours_ends_at_its_own_midnight(database: Database) -> None:
    """25 October 2026 in Rome ends at 23:00 UTC, an hour later than the days of summer before it."""
    programmes, member_id = await rome(database), await enrolled(database)
    await gives(database, member_id, 5, expires_at=datetime(2026, 10, 25, 23, tzinfo=UTC))
    with pytest.raises(DayNotOver):
        await closes(database, programmes, date(2026, 10, 25), now=datetime(2026, 10, 25, 22, 59, tzinfo=UTC))
    closed = await closes(database, programmes, date(2026, 10, 25), now=datetime(2026, 10, 25, 23, tzinfo=UTC))
    assert {step.key: step.changed_count for step in closed.steps}["expiry"] == 1


def counted(seen: list[MemberId], batch_count: int = 3, pause: float = 0.0) -> ClosingStep:
    """A step over every member that notes whom it saw, if its transaction commits, in a table."""

    async def due(db: Any, end: DayEnd, after: MemberId | None, count: int) -> Sequence[MemberId]:
        rows = await db.fetch(
            "SELECT member_id FROM member WHERE $1::uuid IS NULL OR member_id > $1 ORDER BY 1 LIMIT $2", after, count
        )
        return [row["member_id"] for row in rows]

    async def run(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
        await asyncio.sleep(pause)
        for member_id in member_ids:
            await tx.execute(
                "INSERT INTO tier_counter (member_id, counter, day, amount) VALUES ($1, 'seen', $2, 1) "
                "ON CONFLICT (member_id, counter, day) DO UPDATE SET amount = tier_counter.amount + 1",
                member_id, end.day,
            )  # fmt: skip
        seen.extend(member_ids)
        return len(member_ids)

    return ClosingStep("seen", due, run, batch_count=batch_count)


async def test_workers_side_by_side_do_every_batch_once(database: Database, admin: Any) -> None:
    """Four workers close the same day at once: every member is done exactly once, and the work was shared."""
    programmes = await rome(database)
    for _ in range(40):
        await enrolled(database)
    seen: list[list[MemberId]] = [[] for _ in range(4)]
    closed = await asyncio.gather(*(closes(database, programmes, steps=[counted(mine, pause=0.01)]) for mine in seen))
    assert [day.finished for day in closed] == [True] * 4
    assert await admin.fetchval("SELECT array_agg(DISTINCT amount) FROM tier_counter") == [1]
    assert await admin.fetchval("SELECT count(*) FROM tier_counter") == 40
    assert len([mine for mine in seen if mine]) > 1


async def test_control_a_step_without_batches_held_is_done_twice(database: Database, admin: Any) -> None:
    """The count of the test above does see a batch that is done twice: run the step's work outside the close."""
    programmes, member_id = await rome(database), await enrolled(database)
    step = counted([])
    end = DayEnd(DAY, MIDNIGHT, Moment(MIDNIGHT), await programmes.at(MIDNIGHT))

    async def alone() -> None:
        async with database.transaction() as tx:
            await step.run(tx, end, [member_id])

    await asyncio.gather(alone(), alone())
    assert await admin.fetchval("SELECT amount FROM tier_counter") == 2


async def test_a_close_that_broke_off_goes_on_where_it_was(database: Database, admin: Any) -> None:
    """The third batch dies with its worker: the first two stay done, and the next run does only the others."""
    programmes = await rome(database)
    for _ in range(9):
        await enrolled(database)
    seen: list[MemberId] = []
    step = counted(seen)

    async def dying(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
        if len(seen) == 6:
            raise ConnectionResetError  # as when the worker's connection is cut
        return await step.run(tx, end, member_ids)

    with pytest.raises(ConnectionResetError):
        await closes(database, programmes, steps=[ClosingStep("seen", step.due, dying, batch_count=3)])
    assert await admin.fetchval("SELECT count(*) FROM tier_counter") == 6
    closed = await closes(database, programmes, steps=[step])
    assert (closed.finished, len(seen)) == (True, 9)
    assert await admin.fetchval("SELECT array_agg(DISTINCT amount) FROM tier_counter") == [1]


async def test_one_member_whose_data_are_broken_stops_nobody_elses_day(database: Database) -> None:
    """The others of the batch are done, the failure is kept for the operator, the day is finished."""
    programmes = await rome(database)
    members = sorted([await enrolled(database) for _ in range(5)])
    seen: list[MemberId] = []
    step = counted(seen)

    async def fails_for_one(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
        changed = await step.run(tx, end, member_ids)
        if members[1] in member_ids:
            raise ValueError("broken")
        return changed

    closed = await closes(database, programmes, steps=[ClosingStep("seen", step.due, fails_for_one, batch_count=3)])
    assert (closed.finished, closed.failed_count) == (True, 1)
    assert await list_failures(database.reader, DAY) == [(members[1], "seen", "ValueError: broken")]
    rows = await database.reader.fetch("SELECT member_id FROM tier_counter ORDER BY member_id")
    assert [row["member_id"] for row in rows] == [members[0], *members[2:]]


async def test_a_new_version_is_judged_by_everybody_at_its_first_close(database: Database, admin: Any) -> None:
    """Gold from 200 instead of 300: who has 250 rises at the close, who has 100 is not even written."""
    programmes, rises, stays = await rome(database), await enrolled(database), await enrolled(database)
    await counts(database, rises, {DAY: 25_000})
    await counts(database, stays, {DAY: 10_000})
    await closes(database, programmes, DAY - timedelta(days=1))
    await apply_programme(database, ROME.replace("threshold: 300", "threshold: 200"), MIDNIGHT - timedelta(hours=2))
    programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
    closed = await closes(database, programmes)
    assert {step.key: step.changed_count for step in closed.steps}["tiers"] == 1
    rows = await admin.fetch("SELECT member_id, tier_key FROM tier_standing")
    assert [tuple(row) for row in rows] == [(rises, "gold")]


async def test_next_due_names_the_first_instant_with_something_to_do(database: Database) -> None:
    """Never later than the truth: settling, expiring, the end of a tier, the day of an announcement."""
    programmes, member_id = await rome(database), await enrolled(database)
    programme = await programmes.at(MIDNIGHT)
    assert await next_due(database.reader, programme, MIDNIGHT, CLOSING_STEPS) is None
    await gives(database, member_id, 5, expires_at=MIDNIGHT + timedelta(days=200))
    telling = await next_due(database.reader, programme, MIDNIGHT, CLOSING_STEPS)
    assert telling is not None
    assert MIDNIGHT + timedelta(days=160) < telling <= MIDNIGHT + timedelta(days=170)
    await gives(database, member_id, 5, activates_at=MIDNIGHT + timedelta(days=14))
    assert await next_due(database.reader, programme, MIDNIGHT, CLOSING_STEPS) == MIDNIGHT + timedelta(days=14)


async def test_a_tier_that_ended_falls_at_the_close(database: Database) -> None:
    """Gold of 2026 ends with the year; the close of 31 December announces it."""
    programmes, member_id = await rome(database), await enrolled(database)
    await counts(database, member_id, {DAY: 30_000})
    await closes(database, programmes)
    async with database.transaction() as tx:
        await review_members(tx, await programmes.at(MIDNIGHT), [member_id], MIDNIGHT, Moment(MIDNIGHT))
    closed = await closes(database, programmes, date(2026, 12, 31))
    assert {step.key: step.changed_count for step in closed.steps}["tiers"] == 1
    programme = await programmes.at(MIDNIGHT)
    status = await status_of(database.reader, programme, member_id, Moment(datetime(2027, 1, 1, 1, tzinfo=UTC)))
    assert status is not None
    assert status.current == "blue"
