"""Recency, frequency, monetary value: cut points measured over all who bought within a year, kept with their date.

Scores are read against the newest stored cut points, so a member's score changes by what the member does and by time,
never because somebody else bought.
"""

from datetime import datetime, timedelta

from fedele.db.database import Queryable, Transaction
from fedele.domains.segments.conditions.names import FactNames
from fedele.domains.segments.types import RfmCuts

# New cut points after so long: often enough to follow the seasons, rarely enough to be stable between.
MEASURED_EVERY = timedelta(days=28)
BUYERS_MIN = 5

_MEASURE = """
SELECT count(*) AS members_count,
       percentile_disc(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY ($1::date - last_purchase_day)::bigint) AS recency,
       percentile_disc(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY purchases_365) AS frequency,
       percentile_disc(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY spend_365) AS monetary
  FROM member_facts WHERE active AND purchases_365 > 0
"""


async def find_cuts(db: Queryable, now: datetime) -> RfmCuts | None:
    """The cut points in force at this instant; None before the first measurement."""
    row = await db.fetch_row("SELECT * FROM rfm_cut WHERE measured_at <= $1 ORDER BY measured_at DESC LIMIT 1", now)
    if row is None:
        return None
    return RfmCuts(
        row["measured_at"],
        tuple(row["recency_days"]),
        tuple(row["frequency"]),
        tuple(row["monetary_minor"]),
        row["members_count"],
    )


async def measure(tx: Transaction, names: FactNames) -> RfmCuts | None:
    """Measure the fifths and put them in force; None, and nothing written, while hardly anybody has bought."""
    row = await tx.fetch_row(_MEASURE, names.today)
    assert row is not None, "an aggregate answers one row"
    if row["members_count"] < BUYERS_MIN:
        return None
    cuts = RfmCuts(
        names.now, tuple(row["recency"]), tuple(row["frequency"]), tuple(row["monetary"]), row["members_count"]
    )
    await tx.execute(
        """
        INSERT INTO rfm_cut (measured_at, recency_days, frequency, monetary_minor, members_count)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        names.now, list(cuts.recency_days), list(cuts.frequency), list(cuts.monetary_minor), cuts.members_count,
    )  # fmt: skip
    return cuts
