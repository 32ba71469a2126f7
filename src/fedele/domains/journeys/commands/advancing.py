"""Moving members on: claim those who are due, decide, do, and write it down, in one transaction a batch.

Workers claim with SKIP LOCKED, so any number of them may run. Facts and effects of a batch take a handful of
statements, however many members. A batch that fails is done again member by member; the
one whose step fails is put off, longer each time, and held for an operator in the end: it holds up nobody else.
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from fedele.db.database import DATABASE_LOST, Row, Transaction
from fedele.domains.journeys.commands.deciding import Engine, decide
from fedele.domains.journeys.commands.effects import Effect, carry_out
from fedele.domains.journeys.queries import run_of
from fedele.domains.journeys.types import Advance, Heard, Run
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

log = structlog.get_logger(__name__)

BATCH_MAX = 500
ATTEMPTS_MAX = 10
FIRST_RETRY = timedelta(seconds=30)
RETRY_MAX = timedelta(hours=6)

# What the decision needs besides: whether the member is there, their clock, and what they bought since entering. Looked
# up a row each: a plan made for many rows, or while the tables were small, would read all members for every batch.
_WITH_MEMBER = """
SELECT r.*, (SELECT m.status FROM member m WHERE m.member_id = r.member_id) AS status,
       (SELECT p.time_zone FROM member_profile p WHERE p.member_id = r.member_id) AS time_zone,
       (SELECT min(b.occurred_at) FROM purchase b WHERE b.member_id = r.member_id AND b.occurred_at > r.entered_at)
           AS bought_at
  FROM ({claimed}) r
"""
# The limit is written out, so that it is planned for.
_DUE = _WITH_MEMBER.format(
    claimed="""
       SELECT * FROM journey_run
        WHERE next_due <= $1 AND state IN ('active', 'holdout')
          AND journey_key NOT IN (SELECT journey_key FROM journey_pause)
        ORDER BY next_due LIMIT {size:d} FOR UPDATE SKIP LOCKED"""
)
_NAMED = _WITH_MEMBER.format(
    claimed="""
       SELECT * FROM journey_run
        WHERE member_id = $1 AND run_id = ANY($2::uuid[])
          AND journey_key NOT IN (SELECT journey_key FROM journey_pause)
        FOR UPDATE"""
)
_LOCK = "SELECT member_lock_v1(member_id) FROM (SELECT unnest($1::uuid[]) AS member_id ORDER BY 1) AS sorted"

_TRACE = """
INSERT INTO journey_visit (member_id, run_id, visit, journey_key, step_key, kind, outcome, detail, source_id, at)
SELECT *, $10 FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
                          $8::jsonb[], $9::uuid[])
"""
_PLACE = """
UPDATE journey_run r
   SET programme_version = n.programme_version, seen_version = n.seen_version, state = n.state, step_key = n.step_key,
       step_since = n.step_since, visits = n.visits, next_due = n.next_due, ended_at = n.ended_at, reason = n.reason,
       goal_at = n.goal_at, arm = n.arm, attempts = 0
  FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::int[],
              $9::timestamptz[], $10::timestamptz[], $11::text[], $12::timestamptz[], $13::text[])
       AS n (member_id, run_id, programme_version, seen_version, state, step_key, step_since, visits, next_due,
             ended_at, reason, goal_at, arm)
 WHERE r.member_id = n.member_id AND r.run_id = n.run_id
"""
_PUT_OFF = """
UPDATE journey_run
   SET attempts = attempts + 1,
       state = CASE WHEN attempts + 1 >= $3 THEN 'held' ELSE state END,
       reason = CASE WHEN attempts + 1 >= $3 THEN $4 ELSE reason END,
       next_due = CASE WHEN attempts + 1 >= $3 THEN NULL
                       ELSE $5::timestamptz + least($6 * power(2, attempts)::float8, $7) * interval '1 second' END
 WHERE member_id = $1 AND run_id = $2 AND ended_at IS NULL
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """How a batch went. `left`: claimed, and left for the next one, since enough members were locked.

    `effective`: how many of those moved on got something.
    """

    claimed: int
    left: int = 0
    effective: int = 0


async def advance_due(engine: Engine, moment: Moment, size: int = BATCH_MAX) -> Batch:
    """Move on the members who are due longest: at most `size`, and at most `effects_max` of those who get something."""
    programme = await engine.programmes.at(moment.now)
    rows: list[Row] = []
    try:
        async with engine.database.transaction() as tx:
            rows = await tx.fetch(_DUE.format(size=size), moment.now)
            return await _advance(tx, engine, programme, rows, moment, None, engine.effects_max)
    except DATABASE_LOST:
        raise
    except Exception as error:
        log.warning("journey_batch_failed", error=type(error).__name__, runs=len(rows))
    for row in rows:
        await _advance_alone(engine, programme, row, moment)
    return Batch(len(rows))


async def advance_runs(
    tx: Transaction,
    engine: Engine,
    programme: Programme,
    member_id: MemberId,
    run_ids: Sequence[UUID],
    moment: Moment,
    heard: Heard | None = None,
) -> list[Run]:
    """Move this member's runs on, in the light of what was heard; where they stand then."""
    rows = await tx.fetch(_NAMED, member_id, list(run_ids))
    await _advance(tx, engine, programme, rows, moment, heard, len(rows))
    after = await tx.fetch(_NAMED, member_id, list(run_ids))
    return [run_of(row) for row in after]


async def _advance_alone(engine: Engine, programme: Programme, row: Row, moment: Moment) -> None:
    """One of a batch that failed. Its own failure puts it off."""
    member_id, run_id = row["member_id"], row["run_id"]
    try:
        async with engine.database.transaction() as tx:
            rows = await tx.fetch(_NAMED, member_id, [run_id])
            due = [row for row in rows if row["next_due"] is not None and row["next_due"] <= moment.now]
            await _advance(tx, engine, programme, due, moment, None, len(due))
    except DATABASE_LOST:
        raise
    except Exception as error:
        log.warning("journey_step_failed", journey=row["journey_key"], step=row["step_key"], exc_info=True)
        async with engine.database.transaction() as tx:
            await tx.execute(
                _PUT_OFF, member_id, run_id, ATTEMPTS_MAX, type(error).__name__, moment.now,
                FIRST_RETRY.total_seconds(), RETRY_MAX.total_seconds(),
            )  # fmt: skip


async def _advance(
    tx: Transaction,
    engine: Engine,
    programme: Programme,
    rows: Sequence[Row],
    moment: Moment,
    heard: Heard | None,
    effects_max: int,
) -> Batch:
    """Decide for every claimed run, do it and write it down. Beyond `effects_max`, runs are left for the next batch."""
    ordered = sorted(rows, key=lambda row: (row["member_id"], row["run_id"]))
    decided, effective, left = [], 0, 0
    for taken in await decide(tx, engine, programme, ordered, moment, heard):
        if taken.effects:
            if effective >= effects_max:
                left += 1
                continue
            effective += 1
        decided.append(taken)
    await _lock(tx, decided)
    await write(tx, await _do(tx, programme, decided, moment), moment)
    return Batch(len(rows), left, effective)


async def _lock(tx: Transaction, decided: Sequence[Advance]) -> None:
    """The locks of the members who get something, in the order of their ids: circles of waiting cannot arise."""
    member_ids = sorted({taken.run.member_id for taken in decided if taken.effects})
    if member_ids:
        await tx.execute(_LOCK, member_ids)


async def _do(tx: Transaction, programme: Programme, decided: Sequence[Advance], moment: Moment) -> list[Advance]:
    """Carry out the effects, each member's in their order; the traces tell how each came out."""
    waiting: dict[MemberId, deque[tuple[int, int, Any]]] = {}
    for place, taken in enumerate(decided):
        for index, step in taken.effects:
            waiting.setdefault(taken.run.member_id, deque()).append((place, index, step))
    visits = [list(taken.visits) for taken in decided]
    while waiting:
        round_ = [(member_id, *queue.popleft()) for member_id, queue in waiting.items()]
        effects = [Effect(decided[place].run, visits[place][index].number, step) for _, place, index, step in round_]
        done = await carry_out(tx, programme, effects, moment)
        for (member_id, place, index, _), (outcome, detail) in zip(round_, done, strict=True):
            visits[place][index] = dataclasses.replace(visits[place][index], outcome=outcome, detail=detail)
            if not waiting[member_id]:
                del waiting[member_id]
    return [dataclasses.replace(taken, visits=tuple(found)) for taken, found in zip(decided, visits, strict=True)]


async def write(tx: Transaction, done: Sequence[Advance], moment: Moment) -> None:
    """The trace and the new places of a batch: two statements, however many members."""
    lines = [(taken.run, visit) for taken in done for visit in taken.visits]
    if lines:
        await tx.execute(
            _TRACE,
            [run.member_id for run, _ in lines],
            [run.id for run, _ in lines],
            [visit.number for _, visit in lines],
            [run.journey_key for run, _ in lines],
            [visit.step_key for _, visit in lines],
            [visit.kind for _, visit in lines],
            [visit.outcome for _, visit in lines],
            [dict(visit.detail) for _, visit in lines],
            [visit.source_id for _, visit in lines],
            moment.now,
        )
    runs = [taken.run for taken in done]
    if runs:
        names = (
            "member_id", "id", "programme_version", "seen_version", "state", "step_key", "step_since", "visits",
            "next_due", "ended_at", "reason", "goal_at", "arm",
        )  # fmt: skip
        await tx.execute(_PLACE, *([getattr(run, name) for run in runs] for name in names))
