"""What looking at everybody for a segment costs, against PostgreSQL merely counting the same condition.

    segment_1m_vs_count       a refresh that finds who changed sides and moves them, over the bare count; at most 2
    segment_1m_idle_vs_count  a refresh that finds nothing to move, over the bare count
    segment_1m_count_ms       the bare count: SELECT count(*) FROM member_facts WHERE the condition
    segment_1m_refresh_ms     the refresh, with whom it moves and announces
    segment_1m_first_ms       filling the segment for the first time
    segment_1m_members        how many members there are; FEDELE_BENCH_MEMBERS makes it fewer

The members are made up in SQL. Between two looks one in two thousand of them changes sides, and is announced; the
change itself (an event's own work) is not in the figures. Both sides are the best of some runs taken in turn.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

from fedele.db.database import Database, connect, open_database
from fedele.domains.segments import membership
from fedele.domains.segments.conditions.names import FactNames
from fedele.domains.segments.conditions.translation import Parameters
from fedele.domains.segments.config import SegmentConfig
from fedele.kernel.clock import moment_now
from tests.benchmarks.ledger_earn import fresh_database

MEMBERS = int(os.environ.get("FEDELE_BENCH_MEMBERS", "1000000"))
RUNS_COUNT = 5
CHANGED_ONE_IN = 2_000
WHEN = "member.days_since_purchase > 45 && member.purchases_12_months >= 5 && member.spend_12_months > 200.0"
FILL = """
INSERT INTO member_facts (
    member_id, version, as_of, active, joined_at, joined_day, last_purchase_day, purchases_count, purchases_30,
    purchases_90, purchases_365, spend_30, spend_90, spend_365, redemptions_365, tier, locale, memberships, badges,
    categories, departments, stores, channels, consents, balances, events, attributes, answers)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, now(), n % 50 <> 0,
       now() - interval '2 years', current_date - 730, current_date - (n * 7919 % 200)::int, n % 40, n % 4, n % 9,
       n % 40, n % 9000, n % 30000, (n * 31 % 90000), n % 3, CASE n % 3 WHEN 0 THEN 'blue' ELSE 'gold' END, 'en-US',
       '{{}}', '{{}}', ARRAY['PRODUCE', 'BAKERY', 'COFFEE'], ARRAY['GROCERY'], ARRAY['store-' || n % 40], '{{store}}',
       '{{marketing.push}}', jsonb_build_object('points', n % 5000), '{{}}',
       jsonb_build_object('diet', CASE n % 5 WHEN 0 THEN 'vegan' ELSE 'any' END), '{{}}'
  FROM generate_series(1::bigint, {count}) AS n;
"""
CHANGE = """
UPDATE member_facts SET last_purchase_day = CASE WHEN last_purchase_day > current_date - 46 THEN current_date - 90
                                                 ELSE current_date END
 WHERE ('x' || right(member_id::text, 8))::bit(32)::bigint % {one_in} = {turn}
"""


async def measure(url: str) -> dict[str, float]:
    """The figures, on a fresh database of this server (a superuser's URL)."""
    own = await fresh_database(url, "fedele_bench_segments")
    admin = await connect(own)
    await admin.execute(FILL.format(count=MEMBERS))
    await admin.execute("VACUUM ANALYZE member_facts")
    database = open_database(own, size=4, role="fedele_app")
    try:
        return await _compare(database, admin)
    finally:
        await database.close()
        await admin.close()


async def _compare(database: Database, admin: Any) -> dict[str, float]:
    moment = moment_now()
    segment = SegmentConfig.model_validate({"key": "lapsing", "name": "Lapsing", "when": WHEN, "window_days": 0})
    names = FactNames(moment.now, "UTC", "USD", {"points": 0}, "en")
    first = await membership.refresh(database, segment, names)
    await admin.execute("VACUUM ANALYZE member_facts, segment_member")
    counts, refreshes, idle, moved = [], [], [], 0
    for turn in range(RUNS_COUNT):
        await admin.execute(CHANGE.format(one_in=CHANGED_ONE_IN, turn=turn * 7 + 5))
        took, inside = await _count(database, segment, names)
        counts.append(took)
        started = time.perf_counter()
        done = await membership.refresh(database, segment, names)
        refreshes.append(time.perf_counter() - started)
        assert done.reason is None, done.reason
        assert done.members_count == inside, "a refresh and a count must agree"
        moved += done.moved.entered + done.moved.left
        counts.append((await _count(database, segment, names))[0])
        started = time.perf_counter()
        await membership.refresh(database, segment, names)
        idle.append(time.perf_counter() - started)
    assert moved > 0, "somebody must change sides"
    return {
        "segment_1m_vs_count": round(min(refreshes) / min(counts), 2),
        "segment_1m_idle_vs_count": round(min(idle) / min(counts), 2),
        "segment_1m_count_ms": round(min(counts) * 1000),
        "segment_1m_refresh_ms": round(min(refreshes) * 1000),
        "segment_1m_moved_each": moved // RUNS_COUNT,
        "segment_1m_inside": first.members_count,
        "segment_1m_first_ms": first.milliseconds,
        "segment_1m_members": MEMBERS,
    }


async def _count(database: Database, segment: SegmentConfig, names: FactNames) -> tuple[float, int]:
    assert segment.when is not None
    parameters = Parameters()
    condition = membership.Condition.of(segment.when, names).sql(parameters)
    started = time.perf_counter()
    found = await database.reader.fetch_value(*parameters.of(f"SELECT count(*) FROM member_facts f WHERE {condition}"))
    return time.perf_counter() - started, int(found)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1])), indent=2))
