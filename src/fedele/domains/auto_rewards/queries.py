"""Reading automatic rewards: what they are decided on, how near the next one is, and whom the day's close concerns."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable
from fedele.domains.auto_rewards.config import AutoReward, AutoRewardsConfig
from fedele.domains.auto_rewards.due import due_count, is_open, last_day_of_window, next_window_end
from fedele.domains.auto_rewards.types import DayEnd, Issued, Progress, State
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId
from fedele.kernel.money import to_units

__all__ = ["members_due", "next_due", "progress_of", "state_of"]

# $2: what lives at this instant; $3: what came in by then (a close that runs late must not count what came after).
_STATE = """
SELECT (SELECT jsonb_object_agg(currency, units) FROM (
            SELECT currency, sum(remaining)::bigint AS units FROM lot
             WHERE member_id = $1 AND remaining > 0 AND state = 'active' AND (expires_at IS NULL OR expires_at > $2)
               AND coalesce(activates_at, earned_at) <= $3 GROUP BY currency) AS l) AS available,
       (SELECT jsonb_object_agg(currency, owed) FROM (
            SELECT DISTINCT ON (currency) currency, -balance_after AS owed FROM entry
             WHERE member_id = $1 AND account = 'debt' ORDER BY currency, account_version DESC) AS d) AS debt,
       (SELECT jsonb_object_agg(auto_reward_key, mode) FROM auto_reward_choice WHERE member_id = $1) AS chosen,
       (SELECT jsonb_agg(jsonb_build_array(i.redemption_id, i.auto_reward_key, i.mode, i.window_key, i.currency,
                                           i.units, i.issued_at, i.issued_on, i.revoked_at IS NOT NULL,
                                           r.status = 'held' AND r.usable_until > $2)
                         ORDER BY i.issued_at, i.redemption_id)
          FROM auto_reward_issue i JOIN redemption r USING (member_id, redemption_id)
         WHERE i.member_id = $1 AND i.auto_reward_key = ANY ($4::text[])) AS issued
"""

# $5: units for one reward by mode, $6 by default. Who saves for the dear one is not looked at for the cheap one.
_DUE = """
SELECT l.member_id
  FROM lot l LEFT JOIN auto_reward_choice c ON c.member_id = l.member_id AND c.auto_reward_key = $4
 WHERE l.currency = $1 AND l.remaining > 0 AND l.state = 'active' AND (l.expires_at IS NULL OR l.expires_at > $2)
   AND ($3::uuid IS NULL OR l.member_id > $3)
 GROUP BY l.member_id, c.mode HAVING sum(l.remaining) >= coalesce(($5::jsonb ->> c.mode)::bigint, $6)
 ORDER BY l.member_id LIMIT $7
"""
NEVER = 2**62  # units that nobody has: a mode that saves and issues nothing


async def state_of(
    db: Queryable, programme: Programme, member_id: MemberId, alive_at: datetime, came_by: datetime
) -> State:
    """What the member has, owes, chose and was issued, in one statement."""
    keys = [auto.key for auto in programme.section(AutoRewardsConfig)]
    row = await db.fetch_row(_STATE, member_id, alive_at, came_by, keys)
    assert row is not None, "the statement answers one row for every member id"
    issued = tuple(
        Issued(redemption_id, key, mode, date.fromisoformat(window) if window else None, currency, units,
               datetime.fromisoformat(at), date.fromisoformat(day), is_revoked, is_held)
        for redemption_id, key, mode, window, currency, units, at, day, is_revoked, is_held in row["issued"] or ()
    )  # fmt: skip
    return State(row["available"] or {}, row["debt"] or {}, row["chosen"] or {}, issued)


async def progress_of(db: Queryable, programme: Programme, member_id: MemberId, at: datetime) -> tuple[Progress, ...]:
    """Every automatic reward as this member sees it, in the file's order."""
    autos = programme.section(AutoRewardsConfig)
    if not len(autos):
        return ()
    state = await state_of(db, programme, member_id, at, at)
    day = at.astimezone(ZoneInfo(programme.section(ProgrammeConfig).time_zone)).date()
    return tuple(_progress(auto, programme, state, day) for auto in autos)


def _progress(auto: AutoReward, programme: Programme, state: State, day: date) -> Progress:
    key, mode = auto.mode(state.chosen.get(auto.key))
    available = state.available.get(auto.currency, 0)
    window = last_day_of_window(auto.windows, day)
    counted = [
        one
        for one in state.issued
        if one.auto_reward_key == auto.key and not one.is_revoked and (not auto.windows or one.window_key == window)
    ]
    if mode.every is None:
        return Progress(auto, key, mode, available, 0, len(counted), limit_reached=False)
    every = to_units(mode.every, programme.section(Currencies).get(auto.currency).decimals, "up")
    full = due_count(auto, every, every, day, state.issued) == 0
    missing = max(0, every - available) if not full else 0
    return Progress(auto, key, mode, available, missing, len(counted), limit_reached=full)


async def members_due(db: Queryable, end: DayEnd, after: MemberId | None, count: int) -> Sequence[MemberId]:
    """Members who may be issued a reward at the end of this day, ascending, after this one, at most so many."""
    found: set[MemberId] = set()
    for auto in end.programme.section(AutoRewardsConfig):
        if is_open(auto, end.day, closing=True, issued=()):
            found |= set(await _have_enough(db, end.programme, auto, _still_alive(end.at), after, count))
    return sorted(found)[:count]


async def _have_enough(
    db: Queryable, programme: Programme, auto: AutoReward, alive_at: datetime, after: MemberId | None, count: int
) -> list[MemberId]:
    """Members with units for one reward of the mode that they have, ascending."""
    decimals = programme.section(Currencies).get(auto.currency).decimals
    modes = {"": auto.mode(None)[1]} if auto.choice is None else auto.choice.modes
    every = {key: NEVER if mode.every is None else to_units(mode.every, decimals, "up") for key, mode in modes.items()}
    default = every[auto.mode(None)[0]]
    rows = await db.fetch(_DUE, auto.currency, alive_at, after, auto.key, every, default, count)
    return [MemberId(row["member_id"]) for row in rows]


async def next_due(db: Queryable, programme: Programme, after: datetime) -> datetime | None:
    """The first midnight after this instant at which the close may have something to issue; None: none is in sight.

    A window's end is known beforehand; what is issued daily is due at the next midnight if anybody has the units.
    """
    zone = ZoneInfo(programme.section(ProgrammeConfig).time_zone)
    today = after.astimezone(zone).date()
    days = []
    for auto in programme.section(AutoRewardsConfig):
        if auto.issue == "window_end":
            days.append(next_window_end(auto.windows, today))
        elif await _have_enough(db, programme, auto, after, None, 1):
            days.append(today)
    return min((_midnight(day + timedelta(days=1), zone) for day in days if day is not None), default=None)


def _still_alive(midnight: datetime) -> datetime:
    """Units whose last day this was are turned into rewards before they expire: the close issues first."""
    return midnight - timedelta(microseconds=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone)
