"""What tiers answer: the member's status, and the pure decisions that the checkout takes with them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from fedele.db.database import Queryable, Row
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.standing import TierRules, decide, decide_after_return, status
from fedele.domains.tiers.types import Standing, TierStatus
from fedele.domains.tiers.windows import programme_day, read_from
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

__all__ = [
    "TierRules",
    "decide",
    "decide_after_return",
    "due_members",
    "programme_day",
    "read_from",
    "status",
    "status_of",
    "statuses_by_member",
]

_STANDINGS = """
    -- One row a member and day of the counter; members without either have one row of nulls.
    SELECT k.member_id, m.joined_at, s.tier_key, s.since, s.kept_until, c.day, c.amount
      FROM unnest($1::uuid[]) AS k (member_id)
      JOIN member m ON m.member_id = k.member_id
      LEFT JOIN tier_standing s ON s.member_id = k.member_id
      LEFT JOIN tier_counter c ON c.member_id = k.member_id AND c.counter = $2 AND c.day >= $3
"""


async def status_of(db: Queryable, programme: Programme, member_id: MemberId, moment: Moment) -> TierStatus | None:
    """Where the member stands; None in a programme without tiers, or for nobody."""
    return (await statuses_by_member(db, programme, [member_id], moment)).get(member_id)


async def statuses_by_member(
    db: Queryable, programme: Programme, member_ids: Sequence[MemberId], moment: Moment
) -> Mapping[MemberId, TierStatus]:
    """Where many members stand, in one statement. A tier whose protection has ended is not shown, swept or not."""
    rules = TierRules.of(programme)
    if not rules.config.levels:
        return {}
    from_day = read_from(rules.config, programme_day(moment.now, rules.time_zone))
    rows = await db.fetch(_STANDINGS, list(member_ids), rules.counter, from_day)
    found: dict[MemberId, tuple[Row, dict[date, int]]] = {}
    for row in rows:
        _, days = found.setdefault(row["member_id"], (row, {}))
        if row["day"] is not None:
            days[row["day"]] = row["amount"]
    statuses = {}
    for member_id, (row, days) in found.items():
        standing = Standing(row["tier_key"], row["since"], row["kept_until"])
        standing = decide(rules, standing, days, moment.now, row["joined_at"]).standing
        if shown := status(rules, standing, days, moment.now, row["joined_at"]):
            statuses[member_id] = shown
    return statuses


async def due_members(db: Queryable, at: datetime, count: int) -> list[MemberId]:
    """Members whose tier's protection has ended by now, those longest overdue first."""
    sql = """
        SELECT member_id FROM tier_standing WHERE kept_until IS NOT NULL AND kept_until <= $1
         ORDER BY kept_until LIMIT $2
    """
    return [MemberId(row["member_id"]) for row in await db.fetch(sql, at, count)]
