"""Deleting what is personal: of an erased member at once, of everybody when its time is over."""

from datetime import timedelta

from fedele.db.database import Database, Transaction
from fedele.domains.offers.config import LocationConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

BATCH = 10_000
BATCHES_MAX = 100
WEATHER_KEPT = timedelta(days=2)
WAKEUPS_KEPT = timedelta(days=30)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Delete where the member was and what triggers decided about them. Claims stay: the ledger names them."""
    for table in ("member_position", "offer_decision", "offer_appointment"):
        await tx.execute(f"DELETE FROM {table} WHERE member_id = $1", member_id)


async def forget_positions(tx: Transaction, member_id: MemberId) -> None:
    """Delete where the member was: they took their consent back."""
    await tx.execute("DELETE FROM member_position WHERE member_id = $1", member_id)


async def sweep(database: Database, programme: Programme, moment: Moment) -> int:
    """Delete positions, decisions, wake-ups and weather that are kept no longer; how many positions went."""
    decided_before = moment.now - timedelta(days=programme.section(LocationConfig).keep_decisions_days)
    gone = await _delete(
        database,
        "member_position",
        "(member_id, position_id)",
        "member_id, position_id",
        "kept_until <= $1",
        moment.now,
    )
    await _delete(
        database, "offer_decision", "(member_id, decision_id)", "member_id, decision_id", "decided_at < $1",
        decided_before,
    )  # fmt: skip
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM weather_hour WHERE hour < $1", moment.now - WEATHER_KEPT)
        await tx.execute(
            "DELETE FROM offer_wakeup WHERE state <> 'waiting' AND occurrence < $1", moment.now - WAKEUPS_KEPT
        )
    return gone


async def _delete(database: Database, table: str, key: str, columns: str, condition: str, limit: object) -> int:
    """In batches of their own transactions: a day's positions of a million members are no one transaction."""
    gone = 0
    for _ in range(BATCHES_MAX):
        async with database.transaction() as tx:
            tag = await tx.execute(
                f"DELETE FROM {table} WHERE {key} IN (SELECT {columns} FROM {table} WHERE {condition} LIMIT {BATCH})",
                limit,
            )
        deleted = int(tag.split()[-1])
        gone += deleted
        if deleted < BATCH:
            break
    return gone
