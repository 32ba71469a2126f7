"""Does a sale cost the same among a million members as among ten thousand?

`python -m tests.benchmarks settle_scale`: two databases of one server, every member with a year behind them (a sale of
three lines, what it earned, a lot, a standing), tills in turns through HTTP and GraphQL as in `settle`.

    settle_1m_vs_10k   sales per second among 1,000,000 ÷ among 10,000 (1: the cost is flat)
"""

import os
import statistics
import time

import asyncpg

from tests.benchmarks.ledger_earn import fresh_database
from tests.benchmarks.settle import arrange, serving, turn

SMALL, LARGE = 10_000, int(os.environ.get("FEDELE_BENCH_MEMBERS", "1000000"))
TURNS_COUNT = 3
BATCH = 100_000

# Rows as the application writes them; triggers are off while the past is made up, and the books are checked elsewhere.
HISTORY = """
INSERT INTO member_version (member_id, version) SELECT id, 1 FROM bench_member;
INSERT INTO purchase (member_id, purchase_id, store_id, receipt, channel, occurred_at, recorded_at, currency,
                      total_minor, tax_minor, discount_minor, tenders)
SELECT id, id, 'store-1', 'past-' || n, 'store', at, at, 'EUR', 3000, 0, 0, '[]' FROM bench_member;
INSERT INTO purchase_line (member_id, purchase_id, line_number, kind, quantity, amount_minor, tax_minor, discount_minor)
SELECT id, id, line, 'goods', 1, 1000, 0, 0 FROM bench_member, generate_series(1, 3) AS line;
INSERT INTO ledger_transaction (member_id, id, scope, key, input_hash, kind, currency, requested, occurred_at,
                                recorded_at, programme_version, reason, purchase_id, response)
SELECT id, id, 'purchase', id || ':points', '', 'earn', 'points', 30, at, at, 1, '{}', id, '{}' FROM bench_member;
INSERT INTO entry (member_id, transaction_id, id, currency, account, amount, account_version, previous_version,
                   balance_before, balance_after, recorded_at)
SELECT id, id, uuidv7(), 'points', account, amount, 1, NULL, 0, amount, at
  FROM bench_member, (VALUES ('available', 30), ('issued', -30)) AS leg (account, amount);
INSERT INTO lot (member_id, id, currency, transaction_id, source, purchase_id, original, remaining, state, earned_at,
                 expires_at)
SELECT id, id, 'points', id, 'purchase', id, 30, 30, 'active', at, at + interval '13 months' FROM bench_member;
"""


async def measure(url: str, seconds: float = 5.0) -> dict[str, float]:
    """Both sizes in turns on one server (a superuser's URL)."""
    rates: dict[int, list[float]] = {SMALL: [], LARGE: []}
    ready = {}
    for count in rates:
        own = await fresh_database(url, f"fedele_bench_scale_{count}")
        ready[count] = (own, await arrange(own, count))
        await make_history(own, count)
    async with serving(ready[SMALL][0]) as small, serving(ready[LARGE][0]) as large:
        ports = {SMALL: small, LARGE: large}
        for count, port in ports.items():
            await turn([port], ready[count][1], 2, [], count)
        for _ in range(TURNS_COUNT):
            for count, port in ports.items():
                waits: list[float] = []
                started = time.perf_counter()
                await turn([port], ready[count][1], seconds, waits, count)
                rates[count].append(len(waits) / (time.perf_counter() - started))
    small_rate, large_rate = (statistics.median(rates[count]) for count in (SMALL, LARGE))
    return {
        "settle_1m_vs_10k": round(large_rate / small_rate, 3),
        "settle_10k_per_s": round(small_rate),
        "settle_1m_per_s": round(large_rate),
    }


async def make_history(url: str, count: int) -> None:
    """A sale and what it earned for each of these members, half a year ago."""
    admin = await asyncpg.connect(url)
    await admin.execute("SET session_replication_role = replica")
    for first in range(1, count + 1, BATCH):
        await admin.execute(
            f"""
            CREATE TEMPORARY TABLE bench_member AS
            SELECT n, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid AS id,
                   now() - interval '180 days' AS at
              FROM generate_series({first}, {min(count, first + BATCH - 1)}) AS n
            """
        )
        await admin.execute(HISTORY)
        await admin.execute("DROP TABLE bench_member")
    await admin.execute("VACUUM ANALYZE")
    await admin.close()
