"""Closing a day: step after step, batch after batch, each batch in one transaction with the note that it is done.

Stop it anywhere and run it again: batches that are done are gone, the others are still there. Workers may run it side
by side: each batch is held by one of them, and a step begins when no batch of the one before is left.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

import structlog

from fedele.db.database import DATABASE_LOST, Database, Transaction
from fedele.domains.closing import errors, queries
from fedele.domains.closing.types import ClosedDay, ClosedStep, ClosingStep, DayEnd
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

PLANNED_COUNT = 10_000
"""Members planned by one look at all that is due: a midnight with a million lots wants few looks."""
WAIT_SECONDS, WAITS_MAX = 0.05, 200
"""How long a step waits for batches that another worker holds, before it is left to that one."""


async def close_due(
    database: Database, programmes: ProgrammeSource, moment: Moment, steps: Sequence[ClosingStep]
) -> list[ClosedDay]:
    """Close every day since the last closed one that is over by now; before the first close, yesterday.

    Raises NoProgramme before there is one.
    """
    zone = (await programmes.at(moment.now)).section(ProgrammeConfig).time_zone
    yesterday = queries.day_of(moment.now, zone) - timedelta(days=1)
    last = await queries.last_closed(database.reader)
    day, closed = yesterday if last is None else last + timedelta(days=1), list[ClosedDay]()
    while day <= yesterday:
        closed.append(await close_day(database, programmes, day, moment, steps))
        if not closed[-1].finished:
            break
        day += timedelta(days=1)
    return closed


async def close_day(
    database: Database, programmes: ProgrammeSource, day: date, moment: Moment, steps: Sequence[ClosingStep]
) -> ClosedDay:
    """Close one day, or what is left of it. A day that is closed already is left as it is. Raises DayNotOver.

    It is closed as of its last instant, under the programme version in force then, whenever that is done.
    """
    end = await _open(database, programmes, day, moment, steps)
    if end is None:
        return ClosedDay(day)
    done = list[ClosedStep]()
    for step in steps:
        if not await _finish_step(database, end, step):
            return ClosedDay(day, tuple(done), finished=False)
        done.append(await _read_step(database, day, step.key))
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE closing_day SET finished_at = $2 WHERE day = $1 AND finished_at IS NULL", day, moment.now
        )
    failed_count = len(await queries.list_failures(database.reader, day))
    log.info("day_closed", day=day.isoformat(), steps={step.key: step.changed_count for step in done})
    return ClosedDay(day, tuple(done), failed_count=failed_count)


async def _open(
    database: Database, programmes: ProgrammeSource, day: date, moment: Moment, steps: Sequence[ClosingStep]
) -> DayEnd | None:
    """Begin the day's close, or go on with it; None where it is finished."""
    zone = (await programmes.at(moment.now)).section(ProgrammeConfig).time_zone
    at = queries.end_of(day, zone)
    if moment.now < at:
        raise errors.DayNotOver(day=day.isoformat(), ends_at=at.isoformat())
    programme = await programmes.at(at - timedelta(microseconds=1))
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO closing_day (day, ends_at, programme_version, started_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            day, at, programme.version, moment.now,
        )  # fmt: skip
        await tx.execute(
            """
            INSERT INTO closing_step (day, step, place) SELECT $1, s.step, s.place
              FROM unnest($2::text[]) WITH ORDINALITY AS s (step, place) ON CONFLICT DO NOTHING
            """,
            day, [step.key for step in steps],
        )  # fmt: skip
        row = await tx.fetch_row(
            """
            SELECT d.finished_at, (SELECT p.programme_version FROM closing_day p WHERE p.day < d.day
                                    ORDER BY p.day DESC LIMIT 1) AS version_before
              FROM closing_day d WHERE d.day = $1
            """,
            day,
        )
    assert row is not None, "the row was written above"
    if row["finished_at"] is not None:
        return None
    is_new = row["version_before"] not in (None, programme.version)
    return DayEnd(day, at, moment, programme, is_new)


async def _finish_step(database: Database, end: DayEnd, step: ClosingStep) -> bool:
    """Do every batch of a step. False: another worker holds one and takes its time."""
    waits = 0
    while True:
        planned = await _plan(database, end, step)
        if await _do_one(database, end, step):
            waits = 0
            continue
        if not planned:
            continue
        async with database.transaction() as tx:
            left = await tx.fetch_value(
                "SELECT count(*) FROM closing_batch WHERE day = $1 AND step = $2", end.day, step.key
            )
            if left == 0:
                await tx.execute(
                    """
                    UPDATE closing_step SET finished_at = $3 WHERE day = $1 AND step = $2 AND finished_at IS NULL
                    """,
                    end.day, step.key, end.moment.now,
                )  # fmt: skip
                return True
        if waits >= WAITS_MAX:
            return False
        waits += 1
        await asyncio.sleep(WAIT_SECONDS)


async def _plan(database: Database, end: DayEnd, step: ClosingStep) -> bool:
    """Write down the next batches, if none waits. True: everybody whom the step concerns is planned."""
    async with database.transaction() as tx:
        row = await tx.fetch_row(
            """
            SELECT planned_through, planned_at, members_count,
                   EXISTS (SELECT FROM closing_batch b WHERE b.day = s.day AND b.step = s.step) AS waiting
              FROM closing_step s WHERE day = $1 AND step = $2 FOR UPDATE
            """,
            end.day, step.key,
        )  # fmt: skip
        assert row is not None, "steps are written when the day is opened"
        if row["planned_at"] is not None:
            return True
        if row["waiting"]:
            return False
        members = list(await step.due(tx, end, row["planned_through"], PLANNED_COUNT))
        number = row["members_count"]
        await tx.execute_many(
            "INSERT INTO closing_batch (day, step, number, member_ids) VALUES ($1, $2, $3, $4::uuid[])",
            [
                (end.day, step.key, number + place, members[place : place + step.batch_count])
                for place in range(0, len(members), step.batch_count)
            ],
        )
        await tx.execute(
            """
            UPDATE closing_step SET planned_through = coalesce($3, planned_through),
                   planned_at = CASE WHEN $3::uuid IS NULL THEN $4::timestamptz END,
                   members_count = members_count + $5
             WHERE day = $1 AND step = $2
            """,
            end.day, step.key, members[-1] if members else None, end.moment.now, len(members),
        )  # fmt: skip
        return not members


async def _do_one(database: Database, end: DayEnd, step: ClosingStep) -> bool:
    """Do a batch that nobody holds, in one transaction; one that fails, member by member. False: there is none."""
    number = None
    try:
        async with database.transaction() as tx:
            row = await tx.fetch_row(
                """
                SELECT number, member_ids FROM closing_batch WHERE day = $1 AND step = $2
                 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
                """,
                end.day, step.key,
            )  # fmt: skip
            if row is None:
                return False
            number, members = row["number"], [MemberId(member_id) for member_id in row["member_ids"]]
            changed = await _run(tx, end, step, members)
            await tx.execute(
                "DELETE FROM closing_batch WHERE day = $1 AND step = $2 AND number = $3", end.day, step.key, number
            )
            await _count(tx, end, step, changed, 0)
            return True
    except DATABASE_LOST:
        raise
    except Exception:
        log.exception("closing_batch_failed", day=end.day.isoformat(), step=step.key, number=number)
        if number is None:
            raise
    await _do_singly(database, end, step, number)
    return True


async def _do_singly(database: Database, end: DayEnd, step: ClosingStep, number: int) -> None:
    """Do a batch in which something failed, each member alone: whose data are broken stops nobody else's day."""
    while True:
        member_id: MemberId | None = None
        try:
            async with database.transaction() as tx:
                member_id = await _take_one(tx, end, step, number)
                if member_id is None:
                    return
                await _count(tx, end, step, await _run(tx, end, step, [member_id]), 0)
        except DATABASE_LOST:
            raise
        except Exception as error:
            if member_id is None:
                raise
            log.exception("closing_member_failed", day=end.day.isoformat(), step=step.key, member=str(member_id))
            async with database.transaction() as tx:
                if await _take_one(tx, end, step, number) == member_id:
                    await tx.execute(
                        """
                        INSERT INTO closing_failure (member_id, day, step, error, failed_at)
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
                        """,
                        member_id, end.day, step.key, f"{type(error).__name__}: {error}"[:500], end.moment.now,
                    )  # fmt: skip
                    await _count(tx, end, step, 0, 1)


async def _take_one(tx: Transaction, end: DayEnd, step: ClosingStep, number: int) -> MemberId | None:
    """Take the first member out of a batch; None, and the batch is gone, when there is none (or another has it)."""
    where = "WHERE day = $1 AND step = $2 AND number = $3"
    row = await tx.fetch_row(
        f"SELECT member_ids FROM closing_batch {where} FOR UPDATE SKIP LOCKED", end.day, step.key, number
    )
    if row is None:
        return None
    if not row["member_ids"]:
        await tx.execute(f"DELETE FROM closing_batch {where}", end.day, step.key, number)
        return None
    await tx.execute(f"UPDATE closing_batch SET member_ids = member_ids[2:] {where}", end.day, step.key, number)
    return MemberId(row["member_ids"][0])


async def _run(tx: Transaction, end: DayEnd, step: ClosingStep, members: Sequence[MemberId]) -> int:
    await tx.execute("SELECT members_lock_v1($1::uuid[])", list(members))
    return await step.run(tx, end, members)


async def _count(tx: Transaction, end: DayEnd, step: ClosingStep, changed: int, failed: int) -> None:
    await tx.execute(
        """
        UPDATE closing_step SET changed_count = changed_count + $3, failed_count = failed_count + $4
         WHERE day = $1 AND step = $2
        """,
        end.day, step.key, changed, failed,
    )  # fmt: skip


async def _read_step(database: Database, day: date, key: str) -> ClosedStep:
    row = await database.reader.fetch_row(
        "SELECT members_count, changed_count FROM closing_step WHERE day = $1 AND step = $2", day, key
    )
    assert row is not None, "steps are written when the day is opened"
    return ClosedStep(key, row["members_count"], row["changed_count"])
