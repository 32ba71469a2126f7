"""What tiers answer: the member's status, and the pure decisions that the checkout takes with them."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.programme.types import Programme
from fedele.domains.tiers.rules import TierRules
from fedele.domains.tiers.standing import decide, decide_after_return, status
from fedele.domains.tiers.types import Grant, GrantId, GrantRecord, Standing, TierChange, TierKey, TierStatus
from fedele.domains.tiers.windows import Days, programme_day, read_from
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

__all__ = [
    "STANDING_COLUMNS",
    "TierRules",
    "decide",
    "decide_after_return",
    "due_members",
    "export_personal_data",
    "judged_by_member",
    "list_changes",
    "list_grants",
    "members_with_counts",
    "next_due",
    "programme_day",
    "read_from",
    "standing_of",
    "status",
    "status_of",
    "statuses_by_member",
    "times_reached",
]

STANDING_COLUMNS = "s.tier_key, s.since, s.kept_until, s.grants, s.earned_tier, s.earned_since, s.earned_until"
"""What `standing_of` reads, for a statement that joins `tier_standing` as s."""

_STANDINGS = f"""
    -- One row a member and day of the counter; members without either have one row of nulls.
    SELECT k.member_id, m.joined_at, {STANDING_COLUMNS}, c.day, c.amount
      FROM unnest($1::uuid[]) AS k (member_id)
      JOIN member m ON m.member_id = k.member_id
      LEFT JOIN tier_standing s ON s.member_id = k.member_id
      LEFT JOIN tier_counter c ON c.member_id = k.member_id AND c.counter = $2 AND c.day >= $3
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """What a member's tier is decided from."""

    standing: Standing
    days: Days
    joined_at: datetime


def standing_of(row: Row) -> Standing:
    """The standing in a row that has STANDING_COLUMNS; that of nobody in a row of nulls."""
    grants = tuple(
        Grant(GrantId(UUID(grant["id"])), grant["tier"], _instant(grant["since"]), _maybe_instant(grant["until"]))
        for grant in row["grants"] or ()
    )
    earned = Standing(row["earned_tier"], row["earned_since"], row["earned_until"]) if grants else None
    return Standing(row["tier_key"], row["since"], row["kept_until"], grants, earned)


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
    statuses = {}
    for member_id, judged in (await judged_by_member(db, rules, member_ids, moment.now)).items():
        standing = decide(rules, judged.standing, judged.days, moment.now, judged.joined_at).standing
        if shown := status(rules, standing, judged.days, moment.now, judged.joined_at):
            statuses[member_id] = shown
    return statuses


async def judged_by_member(
    db: Queryable, rules: TierRules, member_ids: Sequence[MemberId], at: datetime
) -> Mapping[MemberId, Judged]:
    """What the tiers of many members are decided from at this instant, in one statement."""
    from_day = read_from(rules.config, programme_day(at, rules.time_zone))
    rows = await db.fetch(_STANDINGS, list(member_ids), rules.counter, from_day)
    found: dict[MemberId, tuple[Row, dict[date, int]]] = {}
    for row in rows:
        _, days = found.setdefault(row["member_id"], (row, {}))
        if row["day"] is not None:
            days[row["day"]] = row["amount"]
    return {member_id: Judged(standing_of(row), days, row["joined_at"]) for member_id, (row, days) in found.items()}


async def due_members(db: Queryable, at: datetime, after: MemberId | None, count: int) -> list[MemberId]:
    """Members whose tier's protection has ended by then, ascending, after the given one."""
    sql = """
        SELECT member_id FROM tier_standing
         WHERE kept_until IS NOT NULL AND kept_until <= $1 AND ($2::uuid IS NULL OR member_id > $2)
         ORDER BY member_id LIMIT $3
    """
    return [MemberId(row["member_id"]) for row in await db.fetch(sql, at, after, count)]


async def members_with_counts(db: Queryable, after: MemberId | None, count: int) -> list[MemberId]:
    """Everybody whose tier another programme version could change: who stands somewhere or has counted something."""
    sql = """
        SELECT member_id FROM (
            SELECT member_id FROM tier_standing WHERE $1::uuid IS NULL OR member_id > $1
            UNION SELECT member_id FROM tier_counter WHERE $1::uuid IS NULL OR member_id > $1) AS touched
         ORDER BY member_id LIMIT $2
    """
    return [MemberId(row["member_id"]) for row in await db.fetch(sql, after, count)]


async def next_due(db: Queryable, _programme: Programme, after: datetime) -> datetime | None:
    """The first instant after the given one at which the protection of somebody's tier ends."""
    found: datetime | None = await db.fetch_value(
        "SELECT min(kept_until) FROM tier_standing WHERE kept_until IS NOT NULL AND kept_until > $1", after
    )
    return found


async def list_grants(db: Queryable, member_id: MemberId) -> list[GrantRecord]:
    """Every tier that was ever given to the member, the newest first."""
    rows = await db.fetch(
        """
        SELECT grant_id, tier_key, source, reason, actor, granted_at, until, ended_at, ended_by FROM tier_grant
         WHERE member_id = $1 ORDER BY granted_at DESC, grant_id DESC
        """,
        member_id,
    )
    return [
        GrantRecord(
            GrantId(row["grant_id"]), row["tier_key"], row["source"], row["reason"], row["actor"], row["granted_at"],
            row["until"], row["ended_at"], row["ended_by"],
        )
        for row in rows
    ]  # fmt: skip


async def list_changes(db: Queryable, member_id: MemberId, count: int = 100) -> list[TierChange]:
    """The history of the member's tier, the newest first."""
    rows = await db.fetch(
        """
        SELECT from_tier, to_tier, reason, occurred_at, kept_until FROM tier_change
         WHERE member_id = $1 ORDER BY occurred_at DESC, change_id DESC LIMIT $2
        """,
        member_id,
        count,
    )
    return [
        TierChange(row["from_tier"], row["to_tier"], row["reason"], row["occurred_at"], row["kept_until"])
        for row in rows
    ]


async def times_reached(db: Queryable, member_id: MemberId, tier: TierKey, at: datetime) -> int:
    """How often the member rose to this tier in the year that ends at this instant."""
    found: int = await db.fetch_value(
        """
        SELECT count(*) FROM tier_change
         WHERE member_id = $1 AND to_tier = $2 AND reason IN ('upgrade', 'manual') AND occurred_at <= $3
           AND occurred_at > $3 - interval '1 year'
        """,
        member_id,
        tier,
        at,
    )
    return found


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """The member's tiers for their data export: the history, and what was given to them and why."""
    return {
        "changes": [dataclasses.asdict(change) for change in await list_changes(db, member_id, 10_000)],
        "grants": [
            {name: value for name, value in dataclasses.asdict(grant).items() if name not in ("actor", "ended_by")}
            for grant in await list_grants(db, member_id)
        ],
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe_instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
