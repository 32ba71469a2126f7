"""Rules of the programme in force that gave nobody anything for a while, and what usually stopped them."""

import dataclasses
from collections import Counter
from datetime import datetime, timedelta

from fedele.db.database import Queryable
from fedele.domains.earning.config import EarningConfig
from fedele.domains.programme.types import Programme
from fedele.domains.proposals.types import DeadRule
from fedele.kernel.clock import Moment

# Kept decisions that are looked at to learn what stops a rule: enough to tell, few enough for a page of the console.
DECISIONS_MAX = 20_000

# Of those days only: what stopped a rule years ago, under another version, is no news. The ids of what was decided
# carry the server's clock, so the index over them finds the days without reading what lies before.
_STOPPED = """
SELECT told ->> 'rule' AS rule, told ->> 'outcome' AS outcome, count(*) AS times
  FROM (SELECT trace FROM evaluation
         WHERE source_id >= (lpad(to_hex(
                   (extract(epoch FROM clock_timestamp() - make_interval(days => $3)) * 1000)::bigint), 12, '0')
               || repeat('0', 20))::uuid
         LIMIT $2) AS kept, jsonb_array_elements(kept.trace) AS told
 WHERE told ->> 'rule' = ANY($1::text[]) GROUP BY 1, 2
"""


async def dead_rules(db: Queryable, programme: Programme, moment: Moment, days: int) -> tuple[DeadRule, ...]:
    """The rules without an award in so many days, in the file's order. One that has not begun is not dead."""
    rows = await db.fetch(
        """
        SELECT rule_key, max(occurred_at) AS last_at, bool_or(occurred_at > $1) AS alive FROM award GROUP BY rule_key
        """,
        moment.now - timedelta(days=days),
    )
    gave: dict[str, tuple[datetime, bool]] = {row["rule_key"]: (row["last_at"], row["alive"]) for row in rows}
    found = []
    for rule in programme.section(EarningConfig).rules:
        last_at, alive = gave.get(rule.key, (None, False))
        starts = rule.dates.starts
        if not alive and (starts is None or starts <= moment.now.date()):
            found.append(DeadRule(rule.key, last_at))
    stopped = await _stopped(db, [rule.key for rule in found], days) if found else {}
    return tuple(dataclasses.replace(rule, outcomes=tuple(stopped[rule.key].most_common())) for rule in found)


async def _stopped(db: Queryable, rules: list[str], days: int) -> dict[str, Counter[str]]:
    rows = await db.fetch(_STOPPED, rules, DECISIONS_MAX, days)
    counted: dict[str, Counter[str]] = {rule: Counter() for rule in rules}
    for row in rows:
        counted[row["rule"]][row["outcome"]] += row["times"]
    return counted
