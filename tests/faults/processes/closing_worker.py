"""A real process that closes one day, to be killed by tests/faults/test_closing_survives_kills.py.

Beside the real steps runs one that counts how often each member was done, which is not repeatable on purpose.

usage: python -m tests.faults.processes.closing_worker DATABASE_URL [--careless]
"""

import asyncio
import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

from fedele.bootstrap import CLOSING_STEPS, PROGRAMME_SECTIONS
from fedele.db.database import Database, Transaction, open_database
from fedele.domains.closing.commands import close_day
from fedele.domains.closing.types import ClosingStep, DayEnd
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from tests.factories.closing import DAY, MIDNIGHT

_COUNT = """
    INSERT INTO tier_counter (member_id, counter, day, amount) SELECT m, 'seen', $2, 1 FROM unnest($1::uuid[]) AS m
    ON CONFLICT (member_id, counter, day) DO UPDATE SET amount = tier_counter.amount + 1
"""


def counting(database: Database, *, careless: bool) -> ClosingStep:
    """Count each member once. Careless: in a transaction of its own, before the batch is noted as done."""

    async def due(db: Any, end: DayEnd, after: MemberId | None, count: int) -> Sequence[MemberId]:
        rows = await db.fetch(
            "SELECT member_id FROM member WHERE $1::uuid IS NULL OR member_id > $1 ORDER BY 1 LIMIT $2", after, count
        )
        return [MemberId(row["member_id"]) for row in rows]

    async def run(tx: Transaction, end: DayEnd, member_ids: Sequence[MemberId]) -> int:
        if careless:
            async with database.transaction() as other:
                await other.execute(_COUNT, list(member_ids), end.day)
        else:
            await tx.execute(_COUNT, list(member_ids), end.day)
        await asyncio.sleep(0.1)  # a kill may land here
        return len(member_ids)

    return ClosingStep("seen", due, run)


async def main(url: str, *, careless: bool) -> None:
    """Close the day, batch by small batch, and end."""
    database = open_database(url, role="fedele_app")
    steps = [*CLOSING_STEPS, counting(database, careless=careless)]
    small = [dataclasses.replace(step, batch_count=5) for step in steps]
    print("ready", flush=True)
    programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
    for _ in range(100):
        if (await close_day(database, programmes, DAY, Moment(MIDNIGHT), small)).finished:
            break
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], careless="--careless" in sys.argv))
