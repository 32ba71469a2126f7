"""A journey in numbers."""

from typing import Any

from fedele.db.database import Queryable, Row
from fedele.domains.journeys.config import JourneysConfig
from fedele.domains.journeys.queries.lift import lift
from fedele.domains.journeys.types import Figures, Listed, Pause, Side, StepFigures
from fedele.domains.programme.types import Programme

_LIST = """
SELECT coalesce(r.journey_key, p.journey_key) AS journey_key, p.paused_at, p.actor, p.reason,
       coalesce(r.inside, 0) AS inside, coalesce(r.entered, 0) AS entered, coalesce(r.goals, 0) AS goals
  FROM (SELECT journey_key, count(*) FILTER (WHERE ended_at IS NULL) AS inside,
               count(*) FILTER (WHERE state <> 'declined') AS entered, count(goal_at) AS goals
          FROM journey_run GROUP BY journey_key) r
  FULL JOIN journey_pause p ON p.journey_key = r.journey_key
"""
_STATES = """
SELECT state, reason, count(*) AS n, count(goal_at) AS goals FROM journey_run WHERE journey_key = $1
 GROUP BY state, reason
"""
_INSIDE = """
SELECT step_key, count(*) AS n FROM journey_run
 WHERE journey_key = $1 AND state IN ('active', 'held') AND step_key IS NOT NULL GROUP BY step_key
"""
_PASSED = """
SELECT step_key, kind, outcome, count(*) AS n FROM journey_visit
 WHERE journey_key = $1 AND step_key <> '' AND kind NOT IN ('end', 'goal', 'move') GROUP BY step_key, kind, outcome
"""
# Who was held out is told by the trace: the run itself is over one day, like any other.
_SIDES = """
SELECT v.step_key, v.outcome, count(DISTINCT v.member_id) AS members,
       count(DISTINCT v.member_id) FILTER (WHERE r.goal_at IS NOT NULL) AS goals
  FROM journey_visit v JOIN journey_run r ON r.member_id = v.member_id AND r.run_id = v.run_id
 WHERE v.journey_key = $1 AND v.kind IN ('split', 'enter')
 GROUP BY v.step_key, v.outcome
"""


async def list_journeys(db: Queryable, programme: Programme) -> list[Listed]:
    """The programme's journeys as written, then those that were removed and have had members."""
    rows = {row["journey_key"]: row for row in await db.fetch(_LIST)}
    written = list(programme.section(JourneysConfig))
    listed = [_listed(one.key, one.name.root, rows.get(one.key), in_programme=True) for one in written]
    known = {one.key for one in written}
    gone = sorted(key for key in rows if key not in known)
    return listed + [_listed(key, {"": key}, rows[key], in_programme=False) for key in gone]


def _listed(key: str, name: Any, row: Row | None, *, in_programme: bool) -> Listed:
    if row is None:
        return Listed(key, dict(name), in_programme, None, 0, 0, 0)
    paused = Pause(key, row["paused_at"], row["actor"], row["reason"]) if row["paused_at"] is not None else None
    return Listed(key, dict(name), in_programme, paused, row["inside"], row["entered"], row["goals"])


async def figures_of(db: Queryable, programme: Programme, journey_key: str) -> Figures:
    """The journey in numbers: who entered, where they are, what ended it, what it changed."""
    states = await db.fetch(_STATES, journey_key)
    inside = {row["step_key"]: row["n"] for row in await db.fetch(_INSIDE, journey_key)}
    passed: dict[str, dict[str, int]] = {}
    for row in await db.fetch(_PASSED, journey_key):
        passed.setdefault(row["step_key"], {})[row["outcome"]] = row["n"]
    sides: dict[str, list[Side]] = {}
    for row in await db.fetch(_SIDES, journey_key):
        sides.setdefault(row["step_key"], []).append(Side(row["outcome"], row["members"], row["goals"]))
    entries = {side.key: side for side in sides.pop("", [])}
    held_out = entries.get("holdout")
    treated = entries.get("entered", Side("entered", 0, 0))
    journey = programme.section(JourneysConfig).find(journey_key)
    order = [step.key for step in journey.steps] if journey is not None else []
    keys = [*order, *sorted((inside.keys() | passed.keys()) - set(order))]
    by_state: dict[str, int] = {}
    exits: dict[str, int] = {}
    for row in states:
        by_state[row["state"]] = by_state.get(row["state"], 0) + row["n"]
        if row["state"] in ("exited", "completed", "goal") and row["reason"] is not None:
            exits[row["reason"]] = exits.get(row["reason"], 0) + row["n"]
    return Figures(
        journey_key,
        entered=sum(n for state, n in by_state.items() if state != "declined"),
        by_state=by_state,
        goals=sum(row["goals"] for row in states),
        steps=tuple(StepFigures(key, inside.get(key, 0), passed.get(key, {})) for key in keys),
        exits=exits,
        splits={key: tuple(sorted(found, key=lambda side: side.key)) for key, found in sorted(sides.items())},
        lift=lift(treated, held_out) if held_out is not None else None,
    )
