"""Coming into a journey: by something that happened, or by the clock; once for each thing that brings a member in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from fedele.db.database import Database, Transaction
from fedele.domains.journeys import calendar
from fedele.domains.journeys.config import DateTrigger, InactivityTrigger, Journey, JourneysConfig, Reentry
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id

AT_ONCE = 1_000

_ENTER = """
INSERT INTO journey_run (member_id, run_id, journey_key, entry_key, programme_version, seen_version, state, step_since,
                         visits, next_due, entered_at, goal_until)
SELECT n.member_id, n.run_id, $4, n.entry_key, $5, $5, 'active', $6, 0, $6, $6, $7
  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS n (member_id, run_id, entry_key)
  JOIN member m ON m.member_id = n.member_id AND m.status = 'active'
 WHERE NOT EXISTS (SELECT FROM journey_run r
                    WHERE r.member_id = n.member_id AND r.journey_key = $4 AND r.state <> 'declined'
                      AND ($8::int IS NULL OR r.ended_at IS NULL
                           OR r.ended_at > $6::timestamptz - make_interval(days => $8)))
ON CONFLICT DO NOTHING
RETURNING member_id, run_id
"""

# The last purchase lies in the window, and this silence has not brought the member in before.
_SILENT = """
SELECT p.member_id, 'silent:' || extract(epoch FROM max(p.occurred_at))::bigint AS entry_key
  FROM purchase p
 WHERE p.occurred_at > $2::timestamptz - make_interval(days => $4)
   AND p.occurred_at <= $2::timestamptz - make_interval(days => $3)
   AND NOT EXISTS (SELECT FROM purchase l WHERE l.member_id = p.member_id
                      AND l.occurred_at > $2::timestamptz - make_interval(days => $3))
 GROUP BY p.member_id
HAVING NOT EXISTS (SELECT FROM journey_run r WHERE r.member_id = p.member_id AND r.journey_key = $1
                      AND r.entry_key = 'silent:' || extract(epoch FROM max(p.occurred_at))::bigint)
 ORDER BY 1
"""

_BORN = """
SELECT p.member_id, p.time_zone, p.birthday_month AS month, p.birthday_day AS day
  FROM member_profile p
 WHERE (p.birthday_month, p.birthday_day) IN (SELECT * FROM unnest($1::int[], $2::int[]))
 ORDER BY 1
"""
_JOINED = """
SELECT j.member_id, j.time_zone, j.month, j.day
  FROM (SELECT m.member_id, p.time_zone,
               extract(month FROM m.joined_at AT TIME ZONE coalesce(p.time_zone, $3))::int AS month,
               extract(day FROM m.joined_at AT TIME ZONE coalesce(p.time_zone, $3))::int AS day
          FROM member m LEFT JOIN member_profile p ON p.member_id = m.member_id
         WHERE m.status = 'active' AND m.joined_at < $4::timestamptz - interval '300 days') j
 WHERE (j.month, j.day) IN (SELECT * FROM unnest($1::int[], $2::int[]))
 ORDER BY 1
"""
_EVERYBODY = """
SELECT m.member_id, p.time_zone FROM member m LEFT JOIN member_profile p ON p.member_id = m.member_id
 WHERE m.status = 'active'
   AND NOT EXISTS (SELECT FROM journey_run r WHERE r.member_id = m.member_id AND r.journey_key = $1
                      AND r.entry_key = $2)
 ORDER BY 1
"""
_EXPIRING = """
SELECT l.member_id, p.time_zone, min(l.expires_at) AS expires_at
  FROM lot l LEFT JOIN member_profile p ON p.member_id = l.member_id
 WHERE l.remaining > 0 AND l.state = 'active' AND l.expires_at > $2
   AND l.expires_at <= $2::timestamptz + make_interval(days => $3 + 2)
   AND ($4::text IS NULL OR l.currency = $4)
   AND NOT EXISTS (SELECT FROM journey_run r WHERE r.member_id = l.member_id AND r.journey_key = $1
                      AND (r.ended_at IS NULL OR $5::int IS NULL
                           OR r.entered_at > $2::timestamptz - make_interval(days => $5)))
 GROUP BY l.member_id, p.time_zone
 ORDER BY 1
"""


class Candidate(NamedTuple):
    """A member, and what would bring them in."""

    member_id: MemberId
    entry_key: str


async def enter(
    tx: Transaction, programme: Programme, journey: Journey, candidates: Sequence[Candidate], moment: Moment
) -> list[tuple[MemberId, UUID]]:
    """Let these members in, in one statement; the runs that are new.

    Who came in before under the same entry key, is inside, came out too recently or may not come twice, or is no active
    member, is passed over. Whether the journey's `when` holds is decided at the first step.
    """
    again = journey.reentry.days if isinstance(journey.reentry, Reentry) else None
    until = moment.now + timedelta(days=journey.goal.days) if journey.goal is not None else None
    rows = await tx.fetch(
        _ENTER, [one.member_id for one in candidates], [new_id() for _ in candidates],
        [one.entry_key for one in candidates], journey.key, programme.version, moment.now, until, again,
    )  # fmt: skip
    return [(MemberId(row["member_id"]), row["run_id"]) for row in rows]


async def enter_by_clock(database: Database, programme: Programme, moment: Moment) -> int:
    """Let in whom dates and silence bring in now; how many came. A thousand at a time, each thousand by itself."""
    paused = {row["journey_key"] for row in await database.reader.fetch("SELECT journey_key FROM journey_pause")}
    zone = programme.section(ProgrammeConfig).time_zone
    count = 0
    for journey in programme.section(JourneysConfig):
        if journey.key in paused or not journey.dates.contains(moment.now, zone):
            continue
        found = await _candidates(database, programme, journey, moment)
        for first in range(0, len(found), AT_ONCE):
            async with database.transaction() as tx:
                count += len(await enter(tx, programme, journey, found[first : first + AT_ONCE], moment))
    return count


async def _candidates(
    database: Database, programme: Programme, journey: Journey, moment: Moment
) -> Sequence[Candidate]:
    trigger, reader, now = journey.trigger, database.reader, moment.now
    if isinstance(trigger, InactivityTrigger):
        rows = await reader.fetch(_SILENT, journey.key, now, trigger.days, trigger.until_days)
        return [Candidate(MemberId(row["member_id"]), row["entry_key"]) for row in rows]
    if not isinstance(trigger, DateTrigger):
        return ()
    zone = programme.section(ProgrammeConfig).time_zone
    if trigger.on is not None:
        if not calendar.may_be_due(trigger, now):
            return ()
        rows = await reader.fetch(_EVERYBODY, journey.key, calendar.entry_key(trigger, trigger.on))
    elif trigger.of == "expiry":
        again = journey.reentry.days if isinstance(journey.reentry, Reentry) else None
        rows = await reader.fetch(_EXPIRING, journey.key, now, trigger.days_before, trigger.currency, again)
    else:
        months, days = calendar.month_days(trigger, now)
        more = (zone, now) if trigger.of == "joining" else ()
        rows = await reader.fetch(_JOINED if trigger.of == "joining" else _BORN, months, days, *more)
    found = []
    for row in rows:
        key = calendar.due(trigger, dict(row), row["time_zone"] or zone, now)
        if key is not None:
            found.append(Candidate(MemberId(row["member_id"]), key))
    return found
