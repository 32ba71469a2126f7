"""Reading rewards: the catalogue as one member sees it, and what they hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from fedele.db.database import Queryable, Row
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.eligibility import decide, price, sees
from fedele.domains.rewards.types import Counts, Offered, Redemption, RedemptionId, RedemptionStatus
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.ids import MemberId
from fedele.kernel.pages import Page, decode_cursor, encode_cursor

_COLUMNS = """redemption_id, member_id, reward_key, programme_version, status, code, currency, units, redeemed_at,
              usable_until, used_at, used_store"""

_COUNTS = """
SELECT (SELECT jsonb_object_agg(reward_key, n) FROM (
            SELECT reward_key, count(*) AS n FROM redemption
             WHERE member_id = $1 AND status <> 'cancelled' GROUP BY reward_key) AS t) AS taken,
       (SELECT jsonb_object_agg(reward_key, n) FROM (
            SELECT reward_key, count(*) AS n FROM redemption
             WHERE member_id = $1 AND status <> 'cancelled' AND redeemed_at >= $2 GROUP BY reward_key) AS t) AS today,
       (SELECT jsonb_object_agg(reward_key, taken) FROM reward_stock) AS gone
"""


async def counts_of(db: Queryable, programme: Programme, member_id: MemberId, at: datetime) -> Counts:
    """What the limits compare against, in one statement. A day begins at midnight in the programme's time zone."""
    zone = ZoneInfo(programme.section(ProgrammeConfig).time_zone)
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    row = await db.fetch_row(_COUNTS, member_id, midnight)
    assert row is not None, "aggregates always answer one row"
    return Counts(row["taken"] or {}, row["today"] or {}, row["gone"] or {})


def catalogue(
    programme: Programme,
    facts: MemberFacts,
    tier: str | None,
    counts: Counts,
    spendable: Mapping[str, int],
    at: datetime,
) -> tuple[Offered, ...]:
    """The rewards this member sees at this moment, cheapest first, each with what stops them, if anything.

    `spendable` holds scaled units by currency key. Rewards for others, or outside their dates, are left out.
    """
    time_zone = programme.section(ProgrammeConfig).time_zone
    currencies = programme.section(Currencies)
    bindings = facts.bindings(at, time_zone, tier)
    seen = []
    for reward in programme.section(RewardsConfig):
        if not reward.dates.contains(at, time_zone) or not sees(reward, facts, tier, bindings):
            continue
        units = price(reward, tier, currencies.get(reward.cost.currency).decimals)
        held = spendable.get(reward.cost.currency, 0)
        stopped = decide(reward, facts, tier, counts, at, time_zone)
        refusal = stopped.code if stopped else "INSUFFICIENT_POINTS" if held < units else None
        seen.append(Offered(reward, units, held, refusal))
    return tuple(sorted(seen, key=lambda offered: (offered.units, offered.reward.key)))


async def find_redemption(
    db: Queryable, member_id: MemberId, redemption_id: RedemptionId, at: datetime
) -> Redemption | None:
    """One redemption of this member, or None."""
    row = await db.fetch_row(
        f"SELECT {_COLUMNS} FROM redemption WHERE member_id = $1 AND redemption_id = $2", member_id, redemption_id
    )
    return _redemption(row, at) if row else None


async def list_redemptions(
    db: Queryable, member_id: MemberId, at: datetime, first: int, after: str | None = None
) -> Page[Redemption]:
    """The member's redemptions, newest first."""
    before = decode_cursor(after, 2) if after else None
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS} FROM redemption
         WHERE member_id = $1 AND ($2::timestamptz IS NULL OR (redeemed_at, redemption_id) < ($2, $3::uuid))
         ORDER BY redeemed_at DESC, redemption_id DESC LIMIT $4
        """,
        member_id, datetime.fromisoformat(before[0]) if before else None, before[1] if before else None, first + 1,
    )  # fmt: skip
    items = tuple(_redemption(row, at) for row in rows[:first])
    cursors = tuple(encode_cursor(item.redeemed_at.isoformat(), str(item.id)) for item in items)
    return Page(items, cursors, len(rows) > first)


async def list_held(db: Queryable, member_id: MemberId, at: datetime) -> Sequence[Redemption]:
    """What the member can use at this moment, soonest to expire first."""
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS} FROM redemption
         WHERE member_id = $1 AND status = 'held' AND usable_until > $2 ORDER BY usable_until, redemption_id
        """,
        member_id, at,
    )  # fmt: skip
    return [_redemption(row, at) for row in rows]


def _redemption(row: Row, at: datetime) -> Redemption:
    status: RedemptionStatus = "expired" if row["status"] == "held" and row["usable_until"] <= at else row["status"]
    return Redemption(
        RedemptionId(row["redemption_id"]),
        MemberId(row["member_id"]),
        row["reward_key"],
        row["programme_version"],
        status,
        row["code"],
        row["currency"],
        row["units"],
        row["redeemed_at"],
        row["usable_until"],
        row["used_at"],
        row["used_store"],
    )
