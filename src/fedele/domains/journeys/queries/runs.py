"""Where members stand, and what brought them there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.journeys.types import Run, RunId, RunState, Trace, TraceLine, Visit
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import Page, decode_position, encode_cursor


async def list_inside(
    db: Queryable, journey_key: str, step_key: str | None, first: int, after: str | None = None
) -> Page[Run]:
    """Members inside, in the order of their ids; those at one step only, if it is named. Raises MalformedCursor."""
    last = decode_position(after, UUID)[0] if after is not None else UUID(int=0)
    rows = await db.fetch(
        """
        SELECT * FROM journey_run
         WHERE journey_key = $1 AND state IN ('active', 'holdout', 'held') AND ($2::text IS NULL OR step_key = $2)
           AND run_id > $3
         ORDER BY run_id LIMIT $4
        """,
        journey_key, step_key, last, first + 1,
    )  # fmt: skip
    runs = tuple(run_of(row) for row in rows[:first])
    return Page(items=runs, cursors=tuple(encode_cursor(str(run.id)) for run in runs), has_next=len(rows) > first)


async def trace(db: Queryable, member_id: MemberId, journey_key: str | None = None, limit: int = 100) -> list[Trace]:
    """The member's way through their journeys, the newest run first: every step, its outcome and the reason."""
    rows = await db.fetch(
        """
        SELECT * FROM journey_run WHERE member_id = $1 AND ($2::text IS NULL OR journey_key = $2)
         ORDER BY entered_at DESC, run_id DESC LIMIT $3
        """,
        member_id, journey_key, limit,
    )  # fmt: skip
    lines = await db.fetch(
        "SELECT * FROM journey_visit WHERE member_id = $1 AND run_id = ANY($2::uuid[]) ORDER BY run_id, visit",
        member_id, [row["run_id"] for row in rows],
    )  # fmt: skip
    by_run: dict[UUID, list[TraceLine]] = {}
    for line in lines:
        by_run.setdefault(line["run_id"], []).append(TraceLine(_visit(line), line["at"]))
    return [Trace(run_of(row), tuple(by_run.get(row["run_id"], ()))) for row in rows]


async def next_due(db: Queryable, after: datetime) -> datetime | None:
    """When somebody is due next, after this moment; None when nobody waits."""
    found: datetime | None = await db.fetch_value(
        """
        SELECT min(next_due) FROM journey_run
         WHERE next_due > $1 AND state IN ('active', 'holdout')
           AND journey_key NOT IN (SELECT journey_key FROM journey_pause)
        """,
        after,
    )
    return found


async def export_personal_data(db: Queryable, member_id: MemberId) -> list[dict[str, Any]]:
    """The journeys the member was in and what was done there, as JSON-able values (GDPR articles 15 and 20)."""
    return [
        {
            "journey": found.run.journey_key,
            "enteredAt": found.run.entered_at.isoformat(),
            "endedAt": found.run.ended_at.isoformat() if found.run.ended_at else None,
            "state": found.run.state.value,
            "steps": [
                {
                    "step": line.visit.step_key, "kind": line.visit.kind, "outcome": line.visit.outcome,
                    "at": line.at.isoformat(),
                }
                for line in found.lines
            ],
        }
        for found in reversed(await trace(db, member_id, limit=10_000))
    ]  # fmt: skip


_FIELDS: Sequence[str] = (
    "member_id", "journey_key", "entry_key", "programme_version", "seen_version", "step_key", "step_since", "visits",
    "next_due", "entered_at", "ended_at", "reason", "goal_at", "goal_until", "arm", "attempts",
)  # fmt: skip


def run_of(row: Row) -> Run:
    """The record of a row of journey_run."""
    return Run(id=RunId(row["run_id"]), state=RunState(row["state"]), **{name: row[name] for name in _FIELDS})


def _visit(row: Row) -> Visit:
    return Visit(row["visit"], row["step_key"], row["kind"], row["outcome"], row["detail"], row["source_id"])
