"""What slicing a budget is worth: 16 takers at once on one budget, beside the same on the obvious single row.

    budget_sliced_vs_one_row   takes per second, sliced ÷ one row (fsync on, each take a transaction of its own)
    budget_takes_per_s         the figure behind it

Both sides take turns within one run.
"""

import asyncio
import json
import statistics
import sys
import time

from fedele.db.database import Database, open_database
from fedele.kernel.ids import MemberId, new_id
from tests.benchmarks.ledger_earn import fresh_database
from tests.factories.pots import NOW, pot, take

CLIENTS_COUNT = 16
TURNS_COUNT = 3
SECONDS = 3.0
MONEY = 10**9
ONE_ROW = """
WITH taken AS (
    UPDATE budget_slice SET left_minor = left_minor - 100 WHERE pot = 'one' AND slice = 0 AND left_minor >= 100
    RETURNING pot, period
)
INSERT INTO budget_use (member_id, use_id, pot, period, state, amount_minor, taken_minor, taken_at)
SELECT $1, $2, pot, period, 'used', 100, 100, $3 FROM taken
"""


async def measure(url: str, seconds: float = SECONDS) -> dict[str, float]:
    """Takes of 1.00 from 10,000,000.00 (a superuser's URL)."""
    own = await fresh_database(url, "fedele_bench_budgets")
    database = open_database(own, size=CLIENTS_COUNT, role="fedele_app")
    rates: dict[str, list[float]] = {"sliced": [], "one": []}
    try:
        for key in rates:
            await take(database, pot(MONEY, key=key), 100)
        for _ in range(TURNS_COUNT):
            for key, found in rates.items():
                client = _client if key == "sliced" else _client_of_one_row
                counts = await asyncio.gather(*(client(database, seconds) for _ in range(CLIENTS_COUNT)))
                found.append(sum(counts) / seconds)
    finally:
        await database.close()
    sliced, one = statistics.median(rates["sliced"]), statistics.median(rates["one"])
    return {
        "budget_sliced_vs_one_row": round(sliced / one, 2),
        "budget_takes_per_s": round(sliced),
        "budget_takes_per_s_one_row": round(one),
    }


async def _client(database: Database, seconds: float) -> int:
    until, count, of = time.perf_counter() + seconds, 0, pot(MONEY, key="sliced")
    while time.perf_counter() < until:
        assert await take(database, of, 100) is not None
        count += 1
    return count


async def _client_of_one_row(database: Database, seconds: float) -> int:
    """A counter as one would write it first: the use, and one row that everybody updates."""
    until, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        member = MemberId(new_id())
        async with database.transaction() as tx:
            await tx.lock_member(member)
            await tx.execute(ONE_ROW, member, new_id(), NOW.now)
        count += 1
    return count


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1])), indent=2))
