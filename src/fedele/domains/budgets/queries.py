"""Reading pots: what is left, what became of their money, and whether the books agree."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fedele.db.database import Queryable
from fedele.domains.budgets.margin import keeps_margin
from fedele.domains.budgets.types import Pot, PotFigures

__all__ = ["figures_of", "keeps_margin", "left_from", "left_of", "verify"]


async def left_of(db: Queryable, pots: Sequence[Pot]) -> Mapping[tuple[str, str], int]:
    """What is left of each pot, in minor units, as committed; one that nobody has touched is full."""
    if not pots:
        return {}
    sql = "SELECT * FROM budget_left_v1($1, $2)"
    rows = await db.fetch(sql, [pot.key for pot in pots], [pot.period for pot in pots])
    return left_from(pots, [tuple(row.values()) for row in rows])


def left_from(pots: Sequence[Pot], rows: Iterable[Sequence[Any]]) -> Mapping[tuple[str, str], int]:
    """The same, from the rows of `budget_left_v1`, for those who read them within a statement of their own."""
    found = {(pot, period): values for pot, period, *values in rows}
    left = {}
    for pot in pots:
        if pot.id not in found:
            left[pot.id] = pot.money_minor
            continue
        money, owed, version, rest = found[pot.id]
        funded_anew = version < pot.programme_version  # when somebody next takes from it
        left[pot.id] = max(0, rest - owed + pot.money_minor - money) if funded_anew else rest
    return left


async def figures_of(db: Queryable, keys: Sequence[str]) -> Sequence[PotFigures]:
    """What became of the money of these campaigns' pots, every period of them, the newest first."""
    rows = await db.fetch(
        """
        SELECT pot.pot, pot.period, money_minor, left_minor, coalesce(reserved, 0) AS reserved,
               coalesce(used, 0) AS used,
               ARRAY(SELECT percent FROM budget_notice AS n
                      WHERE n.pot = pot.pot AND n.period = pot.period ORDER BY 1) AS told
          FROM budget_pot AS pot,
               LATERAL (SELECT sum(left_minor)::bigint AS left_minor FROM budget_slice AS s
                         WHERE s.pot = pot.pot AND s.period = pot.period) AS slices,
               LATERAL (SELECT sum(amount_minor) FILTER (WHERE state = 'reserved')::bigint AS reserved,
                               sum(amount_minor) FILTER (WHERE state = 'used')::bigint AS used
                          FROM budget_use AS u WHERE u.pot = pot.pot AND u.period = pot.period) AS uses
         WHERE pot.pot = ANY ($1::text[]) ORDER BY pot.pot, pot.period DESC
        """,
        list(keys),
    )
    return [
        PotFigures(
            key=row["pot"],
            period=row["period"],
            money_minor=row["money_minor"],
            left_minor=row["left_minor"],
            reserved_minor=row["reserved"],
            used_minor=row["used"],
            noticed_percents=tuple(row["told"]),
        )
        for row in rows
    ]


async def verify(db: Queryable) -> list[str]:
    """The pots whose money is not what is left plus what members hold and have used (less what was cut): none."""
    rows = await db.fetch(
        """
        SELECT format('%s %s: %s funded and %s owed, but %s left and %s taken', pot.pot, pot.period, money_minor,
                      owed_minor, left_minor, taken) AS fault
          FROM budget_pot AS pot,
               LATERAL (SELECT coalesce(sum(left_minor), 0) AS left_minor FROM budget_slice AS s
                         WHERE s.pot = pot.pot AND s.period = pot.period) AS slices,
               LATERAL (SELECT coalesce(sum(amount_minor), 0) AS taken FROM budget_use AS u
                         WHERE u.pot = pot.pot AND u.period = pot.period) AS uses
         WHERE money_minor + owed_minor <> left_minor + taken
        """
    )
    return [row["fault"] for row in rows]
