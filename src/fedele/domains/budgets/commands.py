"""Take money out of pots and give it back, inside the caller's transaction, under the member's lock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from fedele.db.database import Transaction
from fedele.domains.budgets import errors
from fedele.domains.budgets.types import Take
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

EXHAUSTED_STATE = "FB001"  # what budget_post_v1 raises
RELEASE_BATCH_COUNT = 500


def confirmed(use_id: UUID, source_id: UUID, amount_minor: int | None = None) -> dict[str, Any]:
    """The operation of `budget_post_v1` by which a purchase uses what was reserved, for less if it came cheaper."""
    return {"op": "confirm", "use_id": str(use_id), "source_id": str(source_id), "amount_minor": amount_minor}


def returned(source_id: UUID) -> dict[str, Any]:
    """The operation by which uses of a purchase keep only what its lines and awards, after a return, still justify."""
    return {"op": "return", "source_id": str(source_id)}


def is_exhausted(error: asyncpg.PostgresError) -> bool:
    """Whether a call failed because a pot has less left than the decision believed."""
    return bool(error.sqlstate == EXHAUSTED_STATE)


async def take(tx: Transaction, member_id: MemberId, takes: Sequence[Take], moment: Moment) -> None:
    """Take money for the member's uses, all or none; each use of a pot once.

    The caller holds the member's lock. Raises BudgetExhausted; the transaction cannot go on after it.
    """
    try:
        await _post(tx, member_id, moment.now, [one.as_json() for one in takes])
    except asyncpg.PostgresError as error:
        if not is_exhausted(error):
            raise
        raise errors.BudgetExhausted() from error


async def confirm(
    tx: Transaction, member_id: MemberId, use_id: UUID, source_id: UUID, moment: Moment, amount_minor: int | None = None
) -> None:
    """What was reserved under `use_id` is used by this purchase, for less than reserved if `amount_minor` says so."""
    await _post(tx, member_id, moment.now, [confirmed(use_id, source_id, amount_minor)])


async def release(tx: Transaction, member_id: MemberId, use_id: UUID, moment: Moment) -> None:
    """Give back all that is held under `use_id`: a claim that lapsed, a redemption that was cancelled."""
    await _post(tx, member_id, moment.now, [{"op": "release", "use_id": str(use_id)}])


async def release_lapsed(tx: Transaction, moment: Moment) -> int:
    """Give back reservations whose time is over, a batch of them; how many there were."""
    rows = await tx.fetch(
        """
        SELECT member_id, use_id FROM budget_use WHERE state = 'reserved' AND until <= $1
         ORDER BY member_id, use_id LIMIT $2
        """,
        moment.now,
        RELEASE_BATCH_COUNT,
    )
    for row in rows:  # members in order, so that two workers cannot wait for each other
        await tx.lock_member(row["member_id"])
        # The use was read before the lock: a sale may have used it meanwhile, and then it stays.
        await tx.execute(
            """
            SELECT budget_post_v1(
                       member_id, $3, jsonb_build_array(jsonb_build_object('op', 'release', 'use_id', use_id)))
              FROM budget_use WHERE member_id = $1 AND use_id = $2 AND state = 'reserved'
            """,
            row["member_id"],
            row["use_id"],
            moment.now,
        )
    return len(rows)


async def announce_missed(tx: Transaction, moment: Moment) -> int:
    """Announce what no use announced: two that crossed a line at the same instant do not see each other."""
    count = await tx.fetch_value(
        """
        SELECT coalesce(sum(budget_notice_v1(latest.member_id, $1, pot.pot, pot.period)), 0)
          FROM budget_pot AS pot, LATERAL (
              SELECT member_id FROM budget_use WHERE budget_use.pot = pot.pot AND budget_use.period = pot.period
               ORDER BY taken_at DESC LIMIT 1) AS latest
         WHERE NOT EXISTS (SELECT FROM budget_notice AS notice
                            WHERE (notice.pot, notice.period) = (pot.pot, pot.period) AND percent = 100)
        """,
        moment.now,
    )
    return int(count)


async def _post(tx: Transaction, member_id: MemberId, now: datetime, operations: list[dict[str, Any]]) -> None:
    if operations:
        await tx.execute("SELECT budget_post_v1($1, $2, $3)", member_id, now, operations)
