"""Moving members on: claim those who are due, decide, do, and write it down, in one transaction a batch.

Workers claim with SKIP LOCKED, so any number of them may run. A batch that fails is done again member by member; the
one whose step fails is put off, longer each time, and held for an operator in the end: it holds up nobody else.
"""

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from fedele.db.database import DATABASE_LOST, Database, Row, Transaction
from fedele.domains.journeys.commands.effects import carry_out
from fedele.domains.journeys.config import Journey, JourneysConfig
from fedele.domains.journeys.path import FactsNeeded, advance, moved
from fedele.domains.journeys.queries import run_of
from fedele.domains.journeys.types import Advance, Heard, Known, Run, RunState, Visit
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.errors import NoProgramme, ProgrammeInvalid
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme, ProgrammeVersion
from fedele.domains.segments.queries import find_facts
from fedele.domains.tiers.queries import status_of
from fedele.kernel.clock import Moment
from fedele.kernel.expressions import Bindings
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

log = structlog.get_logger(__name__)

BATCH_MAX = 500
# Members whose locks one batch holds: a till that wants one of them waits for the batch.
EFFECTS_MAX = 25
ATTEMPTS_MAX = 10
FIRST_RETRY = timedelta(seconds=30)
RETRY_MAX = timedelta(hours=6)

# What the decision needs besides: whether the member is there, their clock, and what they bought since entering.
_WITH_MEMBER = """
SELECT r.*, m.status, p.time_zone, (
       SELECT min(b.occurred_at) FROM purchase b WHERE b.member_id = r.member_id AND b.occurred_at > r.entered_at
       ) AS bought_at
  FROM ({claimed}) r
  JOIN member m ON m.member_id = r.member_id
  LEFT JOIN member_profile p ON p.member_id = r.member_id
"""
_DUE = _WITH_MEMBER.format(
    claimed="""
       SELECT * FROM journey_run
        WHERE next_due <= $1 AND state IN ('active', 'holdout')
          AND journey_key NOT IN (SELECT journey_key FROM journey_pause)
        ORDER BY next_due LIMIT $2 FOR UPDATE SKIP LOCKED"""
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
class Engine:
    """What moving members on needs."""

    database: Database
    programmes: ProgrammeSource


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """How a batch went. `left`: claimed, and left for the next one, since enough members were locked."""

    claimed: int
    left: int = 0


async def advance_due(engine: Engine, moment: Moment, size: int = BATCH_MAX) -> Batch:
    """Move on the members who are due longest: at most `size`, and at most EFFECTS_MAX of those who get something."""
    programme = await engine.programmes.at(moment.now)
    rows: list[Row] = []
    try:
        async with engine.database.transaction() as tx:
            rows = await tx.fetch(_DUE, moment.now, size)
            left = await _advance(tx, engine, programme, rows, moment, None, EFFECTS_MAX)
            return Batch(len(rows), left)
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
) -> int:
    """Decide for every claimed run, do it and write it down. How many were left for the next batch."""
    decided, effective, left = [], 0, 0
    for row in sorted(rows, key=lambda row: (row["member_id"], row["run_id"])):
        taken = await _decide(tx, engine, programme, row, moment, heard)
        if taken.effects:
            if effective >= effects_max:
                left += 1
                continue
            effective += 1
        decided.append(taken)
    await _lock(tx, decided)
    done = [await _do(tx, programme, taken, moment) for taken in decided]
    await write(tx, done, moment)
    return left


async def _lock(tx: Transaction, decided: Sequence[Advance]) -> None:
    """The locks of the members who get something, in the order of their ids: circles of waiting cannot arise."""
    member_ids = sorted({taken.run.member_id for taken in decided if taken.effects})
    if member_ids:
        await tx.execute(_LOCK, member_ids)


async def _do(tx: Transaction, programme: Programme, taken: Advance, moment: Moment) -> Advance:
    """Carry out the effects; the trace tells how each came out."""
    visits = list(taken.visits)
    for index, step in taken.effects:
        visit = visits[index]
        outcome, detail = await carry_out(tx, programme, taken.run, visit.number, step, moment)
        visits[index] = dataclasses.replace(visit, outcome=outcome, detail=detail)
    return dataclasses.replace(taken, visits=tuple(visits))


async def _decide(
    tx: Transaction, engine: Engine, programme: Programme, row: Row, moment: Moment, heard: Heard | None
) -> Advance:
    """What follows for one run, moved into a newer version first where its author says so."""
    run = run_of(row)
    journey = await _definition(engine, programme, run)
    first = Advance(run)
    if run.open and run.seen_version != programme.version:
        newer = programme.section(JourneysConfig).find(run.journey_key)
        first = moved(journey, newer, run, programme.version)
        if first.run.programme_version == programme.version and newer is not None:
            journey = newer
        if not first.run.step_key and first.run.state is RunState.COMPLETED:
            return _ended(first, moment)
    zone = row["time_zone"] or programme.section(ProgrammeConfig).time_zone
    known = Known(row["status"] == "active", zone, row["bought_at"])
    try:
        then = advance(journey, first.run, known, moment.now, heard)
    except FactsNeeded:
        known = dataclasses.replace(known, facts=await facts_of(tx, programme, run.member_id, moment))
        then = advance(journey, first.run, known, moment.now, heard)
    effects = tuple((index + len(first.visits), step) for index, step in then.effects)
    return Advance(then.run, (*first.visits, *then.visits), effects)


def _ended(first: Advance, moment: Moment) -> Advance:
    visit = Visit(first.run.visits, "", "end", "finished")
    run = dataclasses.replace(first.run, ended_at=moment.now, next_due=None, visits=first.run.visits + 1)
    return Advance(run, (*first.visits, visit))


async def _definition(engine: Engine, programme: Programme, run: Run) -> Journey:
    """The journey as it was when the member entered; as it is now where the old file cannot be read any more."""
    if run.programme_version == programme.version:
        entered = programme
    else:
        try:
            entered = await engine.programmes.version(ProgrammeVersion(run.programme_version))
        except (NoProgramme, ProgrammeInvalid):
            entered = programme
    found = entered.section(JourneysConfig).find(run.journey_key)
    if found is None:
        raise LookupError(f"version {run.programme_version} of the programme has no journey {run.journey_key}")
    return found


async def facts_of(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> Bindings:
    """The values that conditions about the member read."""
    return MEMBER_ENVIRONMENT.bind(await member_values(tx, programme, member_id, moment))


async def member_values(tx: Transaction, programme: Programme, member_id: MemberId, moment: Moment) -> dict[str, Any]:
    """What is known of the member and of the moment, by the names of conditions."""
    facts = await find_facts(tx, programme, member_id, moment.now)
    status = await status_of(tx, programme, member_id, moment)
    zone = programme.section(ProgrammeConfig).time_zone
    assert facts is not None, "the run's member exists"
    return facts.bindings(moment.now, zone, status.current if status else None)


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
