"""Reading holds, authorisations and the devices' journals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.members.types import CardHolder
from fedele.domains.till.types import (
    AuthorisationRecord,
    DeviceJournal,
    Gap,
    HeldRewardPart,
    HeldUnits,
    Hold,
    HoldId,
    HoldStatus,
    StandingAtTill,
)
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.refusal import NotFound

GAPS_MAX = 100


async def find_hold(db: Queryable, member_id: MemberId, hold_id: HoldId, at: datetime) -> Hold | None:
    """One hold of this member, or None."""
    row = await db.fetch_row("SELECT * FROM till_hold WHERE member_id = $1 AND hold_id = $2", member_id, hold_id)
    return _hold(row, at) if row else None


async def get_hold(db: Queryable, member_id: MemberId, hold_id: HoldId, at: datetime) -> Hold:
    """One hold of this member. Raises NotFound."""
    if hold := await find_hold(db, member_id, hold_id, at):
        return hold
    raise NotFound(what="hold", field="hold")


async def list_due_holds(
    db: Queryable, now: datetime, count: int, member_id: MemberId | None = None
) -> Sequence[tuple[MemberId, HoldId]]:
    """Open holds (of this member) that have run out, the oldest first."""
    rows = await db.fetch(
        """
        SELECT member_id, hold_id FROM till_hold
         WHERE status = 'open' AND held_until <= $1 AND ($3::uuid IS NULL OR member_id = $3)
         ORDER BY held_until LIMIT $2
        """,
        now, count, member_id,
    )  # fmt: skip
    return [(MemberId(row["member_id"]), HoldId(row["hold_id"])) for row in rows]


# Of holds that have not run out: the others' rewards go back with the clock's next round, or when somebody wants them.
_KEPT = """
SELECT r.redemption_id FROM till_hold_reward r JOIN till_hold h USING (member_id, hold_id)
 WHERE r.member_id = $1 AND h.held_until > $2
"""


async def standing_at_till(
    db: Queryable, member_id: MemberId, holder: CardHolder | None, now: datetime
) -> StandingAtTill:
    """Whether the member has a PIN, which rewards holds keep, and whether the code shown was used, in one statement."""
    row = await db.fetch_row(
        f"""
        SELECT EXISTS (SELECT FROM member_pin WHERE member_id = $1) AS has_pin,
               ARRAY({_KEPT}) AS kept,
               EXISTS (SELECT FROM rotating_code_use WHERE member_id = $1 AND digest = $3 AND step = $4) AS code_used
        """,
        member_id, now, holder.digest if holder else b"", holder.step if holder else None,
    )  # fmt: skip
    assert row is not None, "it always answers one row"
    return StandingAtTill(row["has_pin"], frozenset(row["kept"]), row["code_used"])


async def kept_rewards(db: Queryable, member_id: MemberId, now: datetime) -> frozenset[UUID]:
    """Redemptions that open holds keep for their baskets."""
    rows = await db.fetch(_KEPT, member_id, now)
    return frozenset(row["redemption_id"] for row in rows)


async def has_pin(db: Queryable, member_id: MemberId) -> bool:
    """Whether the member has set a PIN."""
    found: bool = await db.fetch_value("SELECT EXISTS (SELECT FROM member_pin WHERE member_id = $1)", member_id)
    return found


async def list_authorisations(db: Queryable, member_id: MemberId, count: int) -> tuple[AuthorisationRecord, ...]:
    """Why this member's value could be spent, the latest first."""
    rows = await db.fetch(
        """
        SELECT authorisation_id, fact, source_kind, source_id, store_id, authorised_at, reason FROM spend_authorisation
         WHERE member_id = $1 ORDER BY authorisation_id DESC LIMIT $2
        """,
        member_id, count,
    )  # fmt: skip
    return tuple(AuthorisationRecord(*row.values()) for row in rows)


async def journal_of(db: Queryable, store_id: StoreId, device: str) -> DeviceJournal:
    """Which of the device's numbers, counted from 1, never came (the first hundred gaps), and which number is next."""
    rows = await db.fetch(
        """
        SELECT sequence + 1 AS first, following - 1 AS last
          FROM (SELECT sequence, lead(sequence) OVER (ORDER BY sequence) AS following
                  FROM (SELECT 0 AS sequence UNION ALL
                        SELECT sequence FROM offline_sale WHERE store_id = $1 AND device = $2) AS came) AS pairs
         WHERE following > sequence + 1 ORDER BY sequence LIMIT $3
        """,
        store_id, device, GAPS_MAX,
    )  # fmt: skip
    latest = await db.fetch_value(
        "SELECT max(sequence) FROM offline_sale WHERE store_id = $1 AND device = $2", store_id, device
    )
    return DeviceJournal(tuple(Gap(row["first"], row["last"]) for row in rows), (latest or 0) + 1)


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """What this room knows of the member, for their data export."""
    return {
        "pinSet": await has_pin(db, member_id),
        "spendings": [
            {
                "fact": record.fact, "for": record.source_kind, "id": str(record.source_id), "store": record.store_id,
                "at": record.authorised_at.isoformat(), "reason": record.reason,
            }
            for record in await list_authorisations(db, member_id, 10_000)
        ],
    }  # fmt: skip


def _hold(row: Row, at: datetime) -> Hold:
    status: HoldStatus = "expired" if row["status"] == "open" and row["held_until"] <= at else row["status"]
    return Hold(
        id=HoldId(row["hold_id"]),
        member_id=MemberId(row["member_id"]),
        store_id=StoreId(row["store_id"]),
        status=status,
        held_at=row["held_at"],
        held_until=row["held_until"],
        units=tuple(HeldUnits(u["currency"], u["units"], UUID(u["transaction_id"])) for u in row["units"]),
        rewards=tuple(HeldRewardPart(UUID(r["redemption_id"]), r["reward_key"], r["redeemed"]) for r in row["rewards"]),
        fact=row["fact"],
    )
