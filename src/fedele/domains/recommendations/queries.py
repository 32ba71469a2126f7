"""Reading what fits a member: one statement, one scoring, best first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from fedele.db.database import Database, Queryable, Row
from fedele.domains.activity.types import Product
from fedele.domains.feed.types import Situation
from fedele.domains.recommendations.likeness import likeness, nearest
from fedele.domains.recommendations.offers import fit_of
from fedele.domains.recommendations.scoring import FAST_DAYS, SLOW_DAYS, Columns, Weights, facts_of
from fedele.domains.recommendations.types import CategoryTaste, Known, Recommended
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

__all__ = [
    "Columns",
    "Weights",
    "categories_of",
    "columns_of",
    "export_personal_data",
    "facts_of",
    "fit_of",
    "is_popularity_older",
    "likeness",
    "nearest",
    "rank",
    "recommended",
    "tastes_of",
]

OWN_MAX = 48
POPULAR_MAX = 24
TOGETHER_MAX = 12
SEEDS_COUNT = 10  # of the member's products, whose neighbours are looked at

# What the member buys (from their affinities; from the purchases themselves where those were never learned), what is
# bought by those who buy the same, and what sells. What was bought since the last learning is seen by `lately`.
_READ = """
WITH state AS (SELECT remember_from, learned_at FROM taste WHERE member_id = $1),
affinity AS MATERIALIZED (
    SELECT sku, name, category, department, brand, times, slow, fast, first_at, last_at
      FROM product_affinity WHERE member_id = $1 AND $3
    UNION ALL
    SELECT * FROM product_affinity_v1($1, (SELECT remember_from FROM state), NULL)
     WHERE $3 AND NOT EXISTS (SELECT FROM state WHERE learned_at IS NOT NULL)
),
own AS MATERIALIZED (
    SELECT a.*, slow * 0.5::float8 ^ (extract(epoch FROM $2::timestamptz - last_at)::float8 / 86400 / 112) AS weight
      FROM affinity AS a WHERE last_at <= $2 ORDER BY weight DESC, sku LIMIT $4
),
lately AS MATERIALIZED (
    SELECT DISTINCT l.sku FROM purchase AS p JOIN purchase_line AS l USING (member_id, purchase_id)
     WHERE p.member_id = $1 AND p.occurred_at BETWEEN $2::timestamptz - interval '3 days' AND $2 AND l.sku IS NOT NULL
),
near AS (
    SELECT n.neighbour AS sku, sum(n.similarity * ln(1 + seed.weight)) AS together,
           (array_agg(seed.name ORDER BY n.similarity * ln(1 + seed.weight) DESC))[1] AS alike
      FROM (SELECT sku, name, weight FROM own ORDER BY weight DESC LIMIT $7) AS seed
      JOIN product_neighbour AS n ON n.sku = seed.sku
     GROUP BY n.neighbour
),
others AS (
    (SELECT p.sku FROM product_popularity AS p WHERE NOT EXISTS (SELECT FROM affinity AS a WHERE a.sku = p.sku)
      ORDER BY p.buyers_count DESC, p.sku LIMIT $5)
    UNION
    (SELECT n.sku FROM near AS n WHERE NOT EXISTS (SELECT FROM affinity AS a WHERE a.sku = n.sku)
      ORDER BY n.together DESC, n.sku LIMIT $6)
)
SELECT o.sku, o.name, o.category, o.department, o.brand, o.times, o.slow, o.fast, o.first_at, o.last_at,
       coalesce(p.buyers_count, 0) AS buyers_count, coalesce(n.together, 0) AS together, n.alike,
       o.sku IN (SELECT sku FROM lately) AS lately
  FROM own AS o LEFT JOIN product_popularity AS p USING (sku) LEFT JOIN near AS n USING (sku)
UNION ALL
SELECT p.sku, p.name, p.category, p.department, p.brand, 0, 0, 0, NULL, NULL,
       p.buyers_count, coalesce(n.together, 0), n.alike, p.sku IN (SELECT sku FROM lately)
  FROM others JOIN product_popularity AS p USING (sku) LEFT JOIN near AS n USING (sku)
"""


async def tastes_of(db: Queryable, member_id: MemberId, moment: Moment, *, personal: bool = True) -> list[Recommended]:
    """Every product that could be recommended, the most fitting first. Not personal: what everybody buys."""
    rows = await db.fetch(_READ, member_id, moment.now, personal, OWN_MAX, POPULAR_MAX, TOGETHER_MAX, SEEDS_COUNT)
    return rank([_known(row, moment.now) for row in rows], moment.now)


def rank(known: Sequence[Known], now: datetime) -> list[Recommended]:
    """Score products for one member, best first; equal ones by sku."""
    if not known:
        return []
    columns = columns_of(known, now)
    weights, facts = Weights.shipped("product"), facts_of(columns)
    scores, chances, parts = weights.score(facts), weights.chance(facts), weights.parts(facts)
    resting = columns.resting
    found = [
        Recommended(
            one,
            float(scores[i]),
            float(chances[i]),
            {name: float(values[i]) for name, values in parts.items()},
            bool(resting[i]),
        )
        for i, one in enumerate(known)
    ]
    return sorted(found, key=lambda one: (-one.score, one.product.sku))


def columns_of(known: Sequence[Known], now: datetime) -> Columns:
    """The arrays that the scorer takes."""
    day = 86400.0
    return Columns(
        times=np.array([one.times for one in known], dtype=float),
        slow=np.array([one.slow for one in known]),
        fast=np.array([one.fast for one in known]),
        age_days=np.array([(now - one.last_at).total_seconds() / day if one.last_at else 0.0 for one in known]),
        span_days=np.array(
            [
                (one.last_at - one.first_at).total_seconds() / day if one.last_at and one.first_at else 0.0
                for one in known
            ]
        ),
        buyers=np.array([one.buyers_count for one in known], dtype=float),
        together=np.array([one.together for one in known]),
    )


async def recommended(db: Queryable, situation: Situation) -> Sequence[Recommended]:
    """What could be recommended, read once for all sources of one feed."""
    return await situation.once(
        "tastes", lambda: tastes_of(db, situation.member_id, situation.moment, personal=situation.personal)
    )


async def categories_of(db: Queryable, member_id: MemberId, moment: Moment, first: int = 10) -> list[CategoryTaste]:
    """The categories that the member is drawn to, by the same scorer at the level of categories."""
    rows = await db.fetch(
        """
        SELECT category, sum(times)::integer AS times, min(first_at) AS first_at, max(last_at) AS last_at,
               sum(slow * 0.5::float8 ^ (extract(epoch FROM $2::timestamptz - last_at)::float8 / 86400 / 112)) AS slow,
               sum(fast * 0.5::float8 ^ (extract(epoch FROM $2::timestamptz - last_at)::float8 / 86400 / 28)) AS fast,
               (SELECT coalesce(max(p.buyers_count), 0) FROM product_popularity AS p
                 WHERE p.category = a.category) AS buyers
          FROM product_affinity AS a WHERE member_id = $1 AND category IS NOT NULL AND last_at <= $2
         GROUP BY category ORDER BY slow DESC LIMIT 50
        """,
        member_id,
        moment.now,
    )
    if not rows:
        return []
    known = [
        Known(
            Product(row["category"], row["category"]), row["times"], row["slow"], row["fast"], row["first_at"],
            row["last_at"], row["buyers"],
        )
        for row in rows
    ]  # fmt: skip
    chances = Weights.shipped("category").chance(facts_of(columns_of(known, moment.now)))
    found = [
        CategoryTaste(row["category"], row["times"], row["last_at"], float(chance))
        for row, chance in zip(rows, chances, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.chance, one.category))[:first]


async def is_popularity_older(db: Database, moment: Moment, age: timedelta) -> bool:
    """Whether what sells was counted longer ago than this, or never."""
    counted_at: datetime | None = await db.reader.fetch_value("SELECT max(counted_at) FROM product_popularity")
    return counted_at is None or moment.now - counted_at > age


async def export_personal_data(db: Queryable, member_id: MemberId) -> list[dict[str, Any]]:
    """What we make of the member's purchases, as JSON-able values."""
    rows = await db.fetch("SELECT * FROM product_affinity WHERE member_id = $1 ORDER BY sku", member_id)
    return [
        {
            "sku": row["sku"],
            "name": row["name"],
            "times": row["times"],
            "firstBoughtAt": row["first_at"].isoformat(),
            "lastBoughtAt": row["last_at"].isoformat(),
            "weight": round(row["slow"], 3),
        }
        for row in rows
    ]


def _known(row: Row, now: datetime) -> Known:
    product = Product(row["sku"], row["name"], row["category"], row["department"], row["brand"])
    if row["last_at"] is None:
        # Bought since the last learning, for the first time: known as bought just now, so that it rests.
        at = now if row["lately"] else None
        return Known(product, int(at is not None), 0.0, 0.0, at, at, row["buyers_count"], row["together"], row["alike"])
    last_at = row["last_at"]
    age_days = (now - last_at).total_seconds() / 86400
    slow, fast = row["slow"] * 0.5 ** (age_days / SLOW_DAYS), row["fast"] * 0.5 ** (age_days / FAST_DAYS)
    if row["lately"] and age_days > 3:
        last_at = now
    return Known(
        product, row["times"], slow, fast, row["first_at"], last_at, row["buyers_count"], row["together"], row["alike"]
    )
