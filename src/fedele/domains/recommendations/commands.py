"""Learning what a member buys, forgetting it, and counting what everybody buys."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

import numpy as np

from fedele.db.database import Database, Row, Transaction
from fedele.domains.recommendations.fitting import fit_weights
from fedele.domains.recommendations.likeness import likeness, nearest
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId

__all__ = [
    "count_neighbours",
    "count_popular",
    "fit_weights",
    "forget_member",
    "learn",
    "learn_due",
    "mark_due",
    "reset_taste",
]

POPULAR_COUNT = 1_000
POPULAR_FOR = timedelta(days=28)
LIKENESS_MEMBERS = 5_000  # a sample: likeness settles long before
LIKENESS_FOR = timedelta(days=180)
DUE_BATCH = 500
DUE_AT_ONCE = 5_000  # members of one run; the next is a minute away, and who waits is read from their purchases

_LEARN = """
WITH fresh AS (
    INSERT INTO product_affinity AS kept (member_id, sku, name, category, department, brand, times, slow, fast,
                                          first_at, last_at)
    SELECT $1, a.* FROM product_affinity_v1($1, (SELECT remember_from FROM taste WHERE member_id = $1), $2) AS a
        ON CONFLICT (member_id, sku) DO UPDATE
       SET name = excluded.name, category = excluded.category, department = excluded.department,
           brand = excluded.brand, times = excluded.times, slow = excluded.slow, fast = excluded.fast,
           first_at = excluded.first_at, last_at = excluded.last_at
    RETURNING sku
)
DELETE FROM product_affinity
 WHERE member_id = $1 AND ($2::text[] IS NULL OR sku = ANY ($2)) AND sku NOT IN (SELECT sku FROM fresh)
"""

_BEFORE = """
SELECT EXISTS (SELECT FROM taste WHERE member_id = $1 AND learned_at IS NOT NULL) AS known,
       (SELECT bool_or(granted) FROM member_consent
         WHERE member_id = $1 AND purpose = 'personalization' AND channel IN ('in_app', 'processing')) IS FALSE
           AS refused
"""


async def learn(tx: Transaction, member_id: MemberId, moment: Moment, skus: Collection[str] | None = None) -> None:
    """Recompute what the member buys from their purchases: these articles, or all (also where it never was done).

    Whatever was known before is overwritten, so repeating it changes nothing and order does not matter. Of a member who
    refused personalization nothing is kept.
    """
    # One at a time for a member, so that who read less cannot write last.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('taste ' || $1::text, 0))", str(member_id))
    row = await tx.fetch_row(_BEFORE, member_id)
    assert row is not None, "the statement answers one row for anybody"
    asked = sorted(skus) if skus is not None and row["known"] and not row["refused"] else None
    if row["refused"]:
        await tx.execute("DELETE FROM product_affinity WHERE member_id = $1", member_id)
    else:
        await tx.execute(_LEARN, member_id, asked)
    await tx.execute(
        """
        INSERT INTO taste AS kept (member_id, learned_at) VALUES ($1, $2)
            ON CONFLICT (member_id) DO UPDATE
           SET learned_at = excluded.learned_at, due_since = CASE WHEN $3 THEN NULL ELSE kept.due_since END
        """,
        member_id,
        moment.now,
        asked is None,
    )


async def mark_due(tx: Transaction, member_ids: Sequence[MemberId], moment: Moment) -> None:
    """Have these members' affinities recomputed soon: after purchases that were announced to nobody (an import)."""
    await tx.execute(
        """
        INSERT INTO taste AS kept (member_id, due_since) SELECT DISTINCT unnest($1::uuid[]), $2::timestamptz
            ON CONFLICT (member_id) DO UPDATE SET due_since = coalesce(kept.due_since, excluded.due_since)
        """,
        list(member_ids),
        moment.now,
    )


async def learn_due(database: Database, moment: Moment) -> int:
    """Recompute for members who are due, longest waiting first, each in a transaction; how many there were."""
    count = 0
    while count < DUE_AT_ONCE:
        rows = await database.reader.fetch(
            "SELECT member_id FROM taste WHERE due_since IS NOT NULL ORDER BY due_since, member_id LIMIT $1", DUE_BATCH
        )
        for row in rows:
            async with database.transaction() as tx:
                await learn(tx, row["member_id"], moment)
        count += len(rows)
        if len(rows) < DUE_BATCH:
            break
    return count


async def reset_taste(tx: Transaction, member_id: MemberId, moment: Moment) -> None:
    """Forget what the member bought until now, for taste only: receipts, points and tiers stay."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('taste ' || $1::text, 0))", str(member_id))
    await tx.execute("DELETE FROM product_affinity WHERE member_id = $1", member_id)
    await tx.execute(
        """
        INSERT INTO taste (member_id, remember_from, learned_at) VALUES ($1, $2, $2)
            ON CONFLICT (member_id) DO UPDATE SET remember_from = $2, learned_at = $2, due_since = NULL
        """,
        member_id,
        moment.now,
    )
    await tx.touch(member_id)


async def forget_member(tx: Transaction, member_id: MemberId) -> None:
    """Erasure: what the member likes goes, and does not come back from purchases that stay."""
    await tx.execute("DELETE FROM product_affinity WHERE member_id = $1", member_id)
    await tx.execute(
        """
        INSERT INTO taste (member_id, remember_from, learned_at) VALUES ($1, 'infinity', now())
            ON CONFLICT (member_id) DO UPDATE SET remember_from = 'infinity', learned_at = now(), due_since = NULL
        """,
        member_id,
    )


async def count_popular(database: Database, moment: Moment) -> int:
    """Count who bought what within 28 days, and keep the thousand articles of most members; how many there are."""
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM product_popularity")
        rows = await tx.fetch(
            """
            INSERT INTO product_popularity (sku, name, category, department, brand, buyers_count, counted_at)
            SELECT sku, max(name), max(category), max(department), max(brand), count(*), $1
              FROM product_affinity WHERE last_at > $1::timestamptz - $2::interval AND last_at <= $1
             GROUP BY sku ORDER BY count(*) DESC, sku LIMIT $3
            RETURNING sku
            """,
            moment.now, POPULAR_FOR, POPULAR_COUNT,
        )  # fmt: skip
    return len(rows)


async def count_neighbours(database: Database, moment: Moment) -> int:
    """Find which popular articles the same members buy, from a sample of members; how many pairs there are."""
    rows = await database.reader.fetch(
        """
        WITH sample AS (SELECT member_id FROM taste WHERE learned_at IS NOT NULL
                         ORDER BY hashtextextended(member_id::text, 0) LIMIT $3)
        SELECT a.member_id, a.sku, a.slow FROM product_affinity AS a
          JOIN sample USING (member_id) JOIN product_popularity USING (sku)
         WHERE a.last_at > $1::timestamptz - $2::interval
        """,
        moment.now, LIKENESS_FOR, LIKENESS_MEMBERS,
    )  # fmt: skip
    pairs = await asyncio.to_thread(_pairs, rows)
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM product_neighbour")
        await tx.copy("product_neighbour", ("sku", "neighbour", "similarity"), pairs)
    return len(pairs)


def _pairs(rows: Sequence[Row]) -> list[tuple[str, str, float]]:
    if not rows:
        return []
    skus, items = np.unique([row["sku"] for row in rows], return_inverse=True)
    members = np.unique([str(row["member_id"]) for row in rows], return_inverse=True)[1]
    matrix = nearest(likeness(members, items, np.array([row["slow"] for row in rows]), len(skus)))
    return [(str(skus[i]), str(skus[j]), float(matrix[i, j])) for i, j in zip(*np.nonzero(matrix), strict=True)]
