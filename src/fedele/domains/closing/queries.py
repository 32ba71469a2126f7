"""What the close asks: whom a step concerns, which day comes next, when there is something to do again."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable
from fedele.domains.closing.config import ClosingConfig
from fedele.domains.closing.types import ClosedStep, ClosingStep, DayEnd, DayRecord, Failure
from fedele.domains.memberships.queries import next_due as next_membership_due
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId

__all__ = ["announced_until", "day_of", "end_of", "last_closed", "list_days", "list_failures", "next_due"]


def day_of(at: datetime, time_zone: str) -> date:
    """The programme's day that an instant falls on."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def end_of(day: date, time_zone: str) -> datetime:
    """The midnight that ends a programme day: 23, 24 or 25 hours after the one that began it."""
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(time_zone))


def announced_until(end: DayEnd) -> datetime:
    """Up to which instant of expiry members are told at this close.

    A day more than the programme promises: what the next close would tell of would be less than the promise ahead.
    """
    zone = end.programme.section(ProgrammeConfig).time_zone
    days = end.programme.section(ClosingConfig).announce_expiry_days
    return end_of(end.day + timedelta(days=days + 1), zone)


async def last_closed(db: Queryable) -> date | None:
    """The last day whose close is finished and has no unfinished day before it; None before the first close."""
    found: date | None = await db.fetch_value(
        """
        SELECT coalesce((SELECT min(day) - 1 FROM closing_day WHERE finished_at IS NULL),
                        (SELECT max(day) FROM closing_day))
        """
    )
    return found


async def settling_members(db: Queryable, end: DayEnd, after: MemberId | None, count: int) -> Sequence[MemberId]:
    """Members with pending lots that the end of the day makes available."""
    rows = await db.fetch(
        """
        SELECT DISTINCT member_id FROM lot
         WHERE remaining > 0 AND state = 'pending' AND activates_at <= $1 AND ($2::uuid IS NULL OR member_id > $2)
         ORDER BY member_id LIMIT $3
        """,
        end.at,
        after,
        count,
    )
    return [MemberId(row["member_id"]) for row in rows]


async def expiring_members(db: Queryable, end: DayEnd, after: MemberId | None, count: int) -> Sequence[MemberId]:
    """Members with lots that have expired when the day ends, and are not swept yet."""
    rows = await db.fetch(
        """
        SELECT DISTINCT member_id FROM lot
         WHERE remaining > 0 AND state = 'active' AND expires_at <= $1 AND ($2::uuid IS NULL OR member_id > $2)
         ORDER BY member_id LIMIT $3
        """,
        end.at,
        after,
        count,
    )
    return [MemberId(row["member_id"]) for row in rows]


async def members_to_tell(db: Queryable, end: DayEnd, after: MemberId | None, count: int) -> Sequence[MemberId]:
    """Members with units that will expire soon, and who were not told of that instant yet."""
    rows = await db.fetch(
        """
        SELECT DISTINCT l.member_id FROM lot l
         WHERE l.remaining > 0 AND l.state = 'active' AND l.expires_at > $1 AND l.expires_at <= $2
           AND ($3::uuid IS NULL OR l.member_id > $3)
           AND NOT EXISTS (SELECT FROM expiry_announcement a WHERE a.member_id = l.member_id
                              AND a.currency = l.currency AND a.expires_at = l.expires_at)
         ORDER BY l.member_id LIMIT $4
        """,
        end.at,
        announced_until(end),
        after,
        count,
    )
    return [MemberId(row["member_id"]) for row in rows]


async def next_settling(db: Queryable, _programme: Programme, after: datetime) -> datetime | None:
    """The first instant after the given one at which pending units become available."""
    found: datetime | None = await db.fetch_value(
        "SELECT min(activates_at) FROM lot WHERE remaining > 0 AND state = 'pending' AND activates_at > $1", after
    )
    return found


async def next_expiring(db: Queryable, _programme: Programme, after: datetime) -> datetime | None:
    """The first instant after the given one at which units expire."""
    found: datetime | None = await db.fetch_value(
        "SELECT min(expires_at) FROM lot WHERE remaining > 0 AND state = 'active' AND expires_at > $1", after
    )
    return found


async def next_telling(db: Queryable, programme: Programme, after: datetime) -> datetime | None:
    """The first instant after the given one whose close has an expiry to announce."""
    found: datetime | None = await db.fetch_value(
        """
        SELECT min(l.expires_at) FROM lot l
         WHERE l.remaining > 0 AND l.state = 'active' AND l.expires_at > $1
           AND NOT EXISTS (SELECT FROM expiry_announcement a WHERE a.member_id = l.member_id
                              AND a.currency = l.currency AND a.expires_at = l.expires_at)
        """,
        after,
    )
    if found is None:
        return None
    days = programme.section(ClosingConfig).announce_expiry_days
    # It is told by a close, so not before the present day has ended.
    zone = programme.section(ProgrammeConfig).time_zone
    return max(found - timedelta(days=days + 2), end_of(day_of(after, zone), zone))


async def next_due(
    db: Queryable, programme: Programme, after: datetime, steps: Sequence[ClosingStep]
) -> datetime | None:
    """The first instant after the given one that a close, or the memberships' clock, has something to do at.

    May be too early, never too late: who closes the day of this instant, and goes on from there, misses nothing that
    is known now. None: nothing is known to come.
    """
    found = [await next_membership_due(db, after)]
    found += [await step.next_due(db, programme, after) for step in steps if step.next_due is not None]
    return min((instant for instant in found if instant is not None), default=None)


async def list_failures(db: Queryable, day: date) -> list[tuple[MemberId, str, str]]:
    """Members whose step of that day's close failed: (member, step, error), for the operator."""
    rows = await db.fetch("SELECT member_id, step, error FROM closing_failure WHERE day = $1 ORDER BY member_id", day)
    return [(MemberId(row["member_id"]), row["step"], row["error"]) for row in rows]


async def list_days(db: Queryable, count: int) -> list[DayRecord]:
    """The last days that were closed or are being closed, the newest first, with what each step did and who failed."""
    rows = await db.fetch(
        """
        SELECT d.day, d.ends_at, d.programme_version, d.started_at, d.finished_at,
               (SELECT jsonb_agg(jsonb_build_array(s.step, s.members_count, s.changed_count) ORDER BY s.place)
                  FROM closing_step s WHERE s.day = d.day) AS steps,
               (SELECT jsonb_agg(jsonb_build_array(f.member_id, f.step, f.error) ORDER BY f.failed_at, f.member_id)
                  FROM closing_failure f WHERE f.day = d.day) AS failures
          FROM closing_day d ORDER BY d.day DESC LIMIT $1
        """,
        count,
    )
    return [
        DayRecord(
            day=row["day"],
            ends_at=row["ends_at"],
            programme_version=row["programme_version"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            steps=tuple(ClosedStep(*step) for step in row["steps"] or ()),
            failures=tuple(
                Failure(MemberId(UUID(member_id)), step, error) for member_id, step, error in row["failures"] or ()
            ),
        )
        for row in rows
    ]
