"""What the liability report costs on a ledger of a million entries, and that it grows no faster than the books.

    liability_ms             the whole report (five statements and the arithmetic) over about a million entries, warm
    liability_us_per_entry   the same, per entry
    liability_1m_vs_100k     per entry, a million against a hundred thousand: 1.0 is linear

The entries are generated in SQL, past the ledger's functions (which would take a quarter of an hour) but not past its
rules: the report proves itself against the lots as it does anywhere.
"""

import asyncio
import json
import sys
import time

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import connect, open_database
from fedele.domains.analytics.queries import liability
from fedele.domains.programme.queries import ProgrammeSource
from fedele.kernel.clock import moment_now
from tests.benchmarks.ledger_earn import fresh_database
from tests.factories.programme import SMALL, apply_programme

RUNS_COUNT = 2
LOTS_SMALL, LOTS_LARGE = 31_250, 312_500  # 3.2 entries a lot
# Members earn all year; every fifth lot is burned a quarter of a year later. Two legs an earn, two a burn, two more of
# a corrected fifth: what a report reads of them is what the ledger writes of them.
FILL = """
SET session_replication_role = replica;
CREATE TEMP TABLE made AS
SELECT n, ('00000000-0000-7000-8000-' || lpad((n % 20000)::text, 12, '0'))::uuid AS member_id, uuidv7() AS lot_id,
       uuidv7() AS earn_id, uuidv7() AS burn_id, uuidv7() AS fix_id, 100 + n % 400 AS units,
       now() - interval '13 months' + interval '1 second' * (n * (365.0 * 86400 / {count}))::bigint AS at
  FROM generate_series(1, {count}) AS n;
INSERT INTO ledger_transaction (member_id, id, scope, key, input_hash, kind, currency, requested, occurred_at,
                                recorded_at, programme_version, actor, reason, reverses, response)
SELECT member_id, earn_id, 'bench', 'e' || n, ''::bytea, 'earn', 'points', units, at, at, 1, NULL, '{{}}'::jsonb,
       NULL::uuid, '{{}}'::jsonb FROM made
UNION ALL
SELECT member_id, burn_id, 'bench', 'b' || n, ''::bytea, 'burn', 'points', units, at + interval '90 days',
       at + interval '90 days', 1, NULL, '{{}}'::jsonb, NULL::uuid, '{{}}'::jsonb FROM made WHERE n % 5 < 3
UNION ALL
SELECT member_id, fix_id, 'bench', 'x' || n, ''::bytea, 'expire', 'points', units, at + interval '180 days',
       at + interval '180 days', 1, NULL, '{{}}'::jsonb, NULL::uuid, '{{}}'::jsonb FROM made WHERE n % 5 = 3;
INSERT INTO entry (member_id, transaction_id, id, currency, account, amount, account_version, previous_version,
                   balance_before, balance_after, recorded_at)
SELECT m.member_id, leg.transaction_id, uuidv7(), 'points', leg.account, leg.amount, m.n * 4 + leg.place + 2,
       m.n * 4 + leg.place + 1, leg.before, leg.before + leg.amount, m.at
  FROM made AS m, LATERAL (VALUES
      (m.earn_id, 'issued', -m.units, 0, 0, true), (m.earn_id, 'available', m.units, 0, 1, true),
      (m.burn_id, 'available', -m.units, m.units, 2, m.n % 5 < 3), (m.burn_id, 'redeemed', m.units, 0, 3, m.n % 5 < 3),
      (m.fix_id, 'available', -m.units, m.units, 2, m.n % 5 = 3), (m.fix_id, 'expired', m.units, 0, 3, m.n % 5 = 3)
  ) AS leg (transaction_id, account, amount, before, place, written) WHERE leg.written;
INSERT INTO lot (member_id, id, currency, transaction_id, source, original, remaining, state, earned_at, expires_at)
SELECT member_id, lot_id, 'points', earn_id, 'event', units, CASE WHEN n % 5 = 4 THEN units ELSE 0 END, 'active', at,
       at + interval '180 days' FROM made;
INSERT INTO lot_use (member_id, lot_id, transaction_id, kind, amount)
SELECT member_id, lot_id, CASE WHEN n % 5 = 3 THEN fix_id ELSE burn_id END,
       CASE WHEN n % 5 = 3 THEN 'expire' ELSE 'burn' END, units FROM made WHERE n % 5 < 4;
SET session_replication_role = origin;
ANALYZE ledger_transaction, entry, lot, lot_use;
"""


async def measure(url: str) -> dict[str, float]:
    """Both sizes, each on a fresh database of this server (a superuser's URL)."""
    small, small_count = await _cost(url, LOTS_SMALL)
    large, large_count = await _cost(url, LOTS_LARGE)
    return {
        "liability_ms": round(large * 1000),
        "liability_entries": large_count,
        "liability_us_per_entry": round(large / large_count * 1e6, 2),
        "liability_1m_vs_100k": round((large / large_count) / (small / small_count), 2),
    }


async def _cost(url: str, lots_count: int) -> tuple[float, int]:
    own = await fresh_database(url, "fedele_bench_liability")
    admin = await connect(own)
    await admin.execute(FILL.format(count=lots_count))
    count: int = await admin.fetchval("SELECT count(*) FROM entry")
    await admin.close()
    database = open_database(own, size=2, role="fedele_app")
    try:
        await apply_programme(database, SMALL)
        programmes = ProgrammeSource(database, PROGRAMME_SECTIONS)
        times = []
        for _ in range(RUNS_COUNT):
            started = time.perf_counter()
            report = await liability(database, programmes, moment_now())
            times.append(time.perf_counter() - started)
            assert report.problems() == [], report.problems()
            assert len(report.months) > 11
    finally:
        await database.close()
    return min(times), count


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1])), indent=2))
