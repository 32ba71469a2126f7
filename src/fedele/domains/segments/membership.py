"""Who is in which segment: judged under the lock of the member's facts, so that a change happens and is told once."""

import dataclasses
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fedele.db.database import Database, Queryable, Row, Transaction
from fedele.domains.programme.types import Programme
from fedele.domains.segments.conditions.names import HOURLY, FactNames
from fedele.domains.segments.conditions.operations import OPERATIONS
from fedele.domains.segments.conditions.translation import NotTranslatable, Parameters, translate
from fedele.domains.segments.config import SegmentConfig, SegmentsConfig
from fedele.domains.segments.events import SegmentEntered, SegmentLeft
from fedele.domains.segments.facts import FIRST
from fedele.domains.segments.types import Moved, Refreshed
from fedele.kernel.expressions import Expression
from fedele.kernel.ids import MemberId

MOVE_BATCH = 1_000
EVALUATE_BATCH = 5_000
ROUNDS_MAX = 100_000


# The segments that somebody is inside, but for those named: one look into the index for each, however many are inside.
_KEYS_INSIDE = """
WITH RECURSIVE k AS (
    (SELECT segment_key FROM segment_member WHERE left_at IS NULL ORDER BY segment_key LIMIT 1)
    UNION ALL
    SELECT (SELECT s.segment_key FROM segment_member s WHERE s.left_at IS NULL AND s.segment_key > k.segment_key
             ORDER BY s.segment_key LIMIT 1)
      FROM k WHERE k.segment_key IS NOT NULL)
SELECT segment_key FROM k WHERE segment_key <> ALL($1::text[])
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """A condition ready to be asked: as SQL, or, where it has none, by the evaluator; `reason` says why."""

    expression: Expression
    names: FactNames
    reason: str | None

    @classmethod
    def of(cls, expression: Expression, names: FactNames) -> "Condition":
        """Try the translation once, to know which way it goes."""
        try:
            translate(expression, names, OPERATIONS, Parameters())
        except NotTranslatable as refusal:
            return cls(expression, names, str(refusal))
        return cls(expression, names, None)

    def sql(self, parameters: Parameters) -> str:
        """A boolean over `member_facts f` that is never NULL; for a condition that has SQL."""
        translated = translate(self.expression, self.names, OPERATIONS, parameters)
        return f"(f.active AND ({translated}) IS TRUE)"

    def holds(self, row: Row) -> bool:
        """The evaluator's answer for a whole row of member_facts."""
        return bool(row["active"]) and self.expression.holds(self.names.bindings(row, self.expression.names))


async def follow(
    tx: Transaction,
    programme: Programme,
    names: FactNames,
    member_ids: Sequence[MemberId],
    without: frozenset[str] = frozenset(),
) -> Moved:
    """Let these members enter and leave the dynamic segments, as their facts now stand.

    A segment that was never looked at as a whole waits for that: who is inside from its first day has not entered.
    `without`: segments that are looked at as a whole right after.
    """
    rows = await tx.fetch("SELECT segment_key FROM segment_refresh")
    filled = {row["segment_key"] for row in rows} - without
    segments = [one for one in programme.section(SegmentsConfig) if one.when is not None and one.key in filled]
    total = Moved()
    for segment in segments:
        assert segment.when is not None
        total += await judge(tx, segment, Condition.of(segment.when, names), member_ids)
    return total


async def judge(tx: Transaction, segment: SegmentConfig, condition: Condition, ids: Sequence[MemberId],
                *, quiet: bool = False) -> Moved:  # fmt: skip
    """Judge these members under lock and move those whose membership changes."""
    parameters = Parameters([list(ids), segment.key])
    inside = condition.sql(parameters) if condition.reason is None else "NULL::boolean"
    columns = "f.member_id, f.segments" if condition.reason is None else "f.*"
    sql = (
        f"SELECT {columns}, {inside} AS inside, f.segments @> ARRAY[$2::text] AS was FROM member_facts f"
        " WHERE f.member_id = ANY($1::uuid[]) ORDER BY f.member_id FOR UPDATE"
    )
    rows = await tx.fetch(*parameters.of(sql))
    entering, leaving = [], []
    for row in rows:
        inside_now = row["inside"] if condition.reason is None else condition.holds(row)
        if inside_now and not row["was"]:
            entering.append(MemberId(row["member_id"]))
        elif row["was"] and not inside_now:
            leaving.append(MemberId(row["member_id"]))
    return await move(tx, segment, entering, leaving, condition.names.now, quiet=quiet)


async def move(tx: Transaction, segment: SegmentConfig, entering: Sequence[MemberId], leaving: Sequence[MemberId],
               now: datetime, *, quiet: bool = False) -> Moved:  # fmt: skip
    """Write these changes and announce those that the segment's window allows. Their facts' rows are locked by us."""
    if not entering and not leaving:
        return Moved()
    told = await tx.fetch(
        "SELECT member_id, entered FROM segment_move_v1($1, $2, $3, $4, $5, $6)",
        segment.key, list(entering), list(leaving), now, timedelta(days=segment.window_days), quiet,
    )  # fmt: skip
    for row in told:
        announced = SegmentEntered if row["entered"] else SegmentLeft
        await tx.publish(announced(member_id=MemberId(row["member_id"]), occurred_at=now, segment=segment.key))
    return Moved(len(entering), len(leaving))


async def refresh(database: Database, segment: SegmentConfig, names: FactNames) -> Refreshed:
    """Look at everybody: one statement finds who differs, and only those are judged again under lock and moved."""
    assert segment.when is not None, "a list has nothing to refresh"
    began = time.perf_counter()
    condition = Condition.of(segment.when, names)
    last = await database.reader.fetch_row("SELECT * FROM segment_refresh WHERE segment_key = $1", segment.key)
    quiet = last is None and not segment.announce_first
    if condition.reason is not None or last is None or last["definition"] != segment.when.text:
        moved = await _in_pages(database, segment, condition, quiet=quiet)
    else:
        moved = Moved()
        for ids in batches(await _differing(database, segment, condition), MOVE_BATCH):
            async with database.transaction() as tx:
                moved += await judge(tx, segment, condition, ids)
    count = await count_inside(database.reader, segment.key)
    took = round((time.perf_counter() - began) * 1000)
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO segment_refresh (segment_key, definition, refreshed_at, members_count, compiled, milliseconds)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (segment_key) DO UPDATE SET definition = excluded.definition, compiled = excluded.compiled,
                refreshed_at = excluded.refreshed_at, members_count = excluded.members_count,
                milliseconds = excluded.milliseconds
            """,
            segment.key, segment.when.text, names.now, count, condition.reason is None, took,
        )  # fmt: skip
    return Refreshed(segment.key, names.now, count, moved, took, condition.reason)


async def _differing(database: Database, segment: SegmentConfig, condition: Condition) -> list[MemberId]:
    """Whose membership is another than the condition says: one pass over the facts, each judged once.

    An aggregate over a plain filter, so that PostgreSQL spreads the pass over its workers as it does for a count.
    """
    parameters = Parameters([segment.key])
    inside = condition.sql(parameters)
    sql = f"SELECT array_agg(f.member_id) FROM member_facts f WHERE {inside} <> ($1::text = ANY(f.segments))"
    return sorted(MemberId(one) for one in await database.reader.fetch_value(*parameters.of(sql)) or ())


async def _in_pages(database: Database, segment: SegmentConfig, condition: Condition, *, quiet: bool) -> Moved:
    """Everybody in pages: the first time, after a change of definition, and where the evaluator must judge."""
    moved, after = Moved(), FIRST
    for _ in range(ROUNDS_MAX):
        if condition.reason is None:
            parameters = Parameters([segment.key, after, MOVE_BATCH])
            sql = (
                f"SELECT f.member_id FROM member_facts f WHERE f.member_id > $2::uuid"
                f" AND {condition.sql(parameters)} <> (f.segments @> ARRAY[$1::text])"
                " ORDER BY f.member_id LIMIT $3::bigint"
            )
            page = await database.reader.fetch(*parameters.of(sql))
        else:
            sql = "SELECT member_id FROM member_facts WHERE member_id > $1 ORDER BY member_id LIMIT $2"
            page = await database.reader.fetch(sql, after, EVALUATE_BATCH)
        if not page:
            break
        ids = [MemberId(row["member_id"]) for row in page]
        async with database.transaction() as tx:
            moved += await judge(tx, segment, condition, ids, quiet=quiet)
        after = ids[-1]
    return moved


async def retire(database: Database, programme: Programme, now: datetime) -> int:
    """Empty the segments that the programme no longer has, without announcing; answers how many members left one."""
    kept = [segment.key for segment in programme.section(SegmentsConfig)]
    gone = await database.reader.fetch(_KEYS_INSIDE, kept)
    left = 0
    for row in gone:
        segment = SegmentConfig(key=row["segment_key"], name=row["segment_key"], list=True)
        while ids := await _inside(database.reader, segment.key):
            async with database.transaction() as tx:
                locked = await lock(tx, ids)
                left += (await move(tx, segment, [], locked, now, quiet=True)).left
        async with database.transaction() as tx:
            await tx.execute("DELETE FROM segment_refresh WHERE segment_key = $1", segment.key)
    return left


async def lock(tx: Transaction, ids: Sequence[MemberId]) -> list[MemberId]:
    """Lock these members' facts and answer who has some, in order."""
    rows = await tx.fetch(
        "SELECT member_id FROM member_facts WHERE member_id = ANY($1) ORDER BY member_id FOR UPDATE", list(ids)
    )
    return [MemberId(row["member_id"]) for row in rows]


async def _inside(db: Queryable, key: str) -> list[MemberId]:
    rows = await db.fetch(
        "SELECT member_id FROM segment_member WHERE segment_key = $1 AND left_at IS NULL ORDER BY member_id LIMIT $2",
        key, MOVE_BATCH,
    )  # fmt: skip
    return [MemberId(row["member_id"]) for row in rows]


async def count_inside(db: Queryable, key: str) -> int:
    """How many are in a segment now."""
    sql = "SELECT count(*) FROM segment_member WHERE segment_key = $1 AND left_at IS NULL"
    return int(await db.fetch_value(sql, key))


def is_due(segment: SegmentConfig, last: Row | None, names: FactNames) -> bool:
    """Whether everybody is to be looked at again: by its cadence, at a new local day, or under a new definition."""
    if segment.when is None:
        return False
    if last is None or last["definition"] != segment.when.text:
        return True
    zone = ZoneInfo(names.time_zone)
    if last["refreshed_at"].astimezone(zone).date() < names.today:
        return True
    hourly = segment.refresh == "hourly" or not HOURLY.isdisjoint(segment.when.names)
    return hourly and last["refreshed_at"] <= names.now - timedelta(hours=1)


def batches(ids: Sequence[MemberId], size: int) -> list[Sequence[MemberId]]:
    """The ids in pieces of this size."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]
