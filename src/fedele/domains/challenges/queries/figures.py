"""What challenges came to over all members, and what is exported of one."""

from typing import Any

from fedele.db.database import Queryable
from fedele.domains.challenges.types import Figures
from fedele.kernel.ids import MemberId


async def figures(db: Queryable) -> list[Figures]:
    """What every challenge, streak and surprise came to: one statement per table, over all members."""
    counted = await db.fetch(
        """
        SELECT kind, challenge_key, count(DISTINCT member_id) AS members FROM challenge_contribution GROUP BY 1, 2
        UNION ALL
        SELECT 'surprise', surprise_key, count(DISTINCT member_id) FROM surprise_draw GROUP BY 2
        """
    )
    given = await db.fetch(
        """
        SELECT kind, challenge_key, coalesce(currency, '') AS currency,
               count(*) FILTER (WHERE state = 'given') AS given, count(*) FILTER (WHERE state = 'revoked') AS revoked,
               coalesce(sum(units) FILTER (WHERE state = 'given'), 0)::bigint AS units
          FROM challenge_award GROUP BY 1, 2, 3
        """
    )
    joined = await db.fetch("SELECT kind, challenge_key, count(*) AS members FROM challenge_joining GROUP BY 1, 2")
    found: dict[tuple[Any, str], dict[str, Any]] = {}
    for rows in (counted, given, joined):
        for row in rows:
            found.setdefault((row["kind"], row["challenge_key"]), _no_figures())
    for row in counted:
        found[row["kind"], row["challenge_key"]]["members"] = row["members"]
    for row in joined:
        found[row["kind"], row["challenge_key"]]["joined"] = row["members"]
    for row in given:
        values = found[row["kind"], row["challenge_key"]]
        values["completions"] += row["given"]
        values["revoked"] += row["revoked"]
        if row["currency"] and row["units"]:
            values["units"][row["currency"]] = row["units"]
    return [Figures(kind, key, **values) for (kind, key), values in sorted(found.items())]


async def export_personal_data(db: Queryable, member_id: MemberId) -> dict[str, Any]:
    """What the member joined, did and was given, as JSON-able values (GDPR articles 15 and 20)."""
    row = await db.fetch_row(
        """
        SELECT (SELECT jsonb_agg(to_jsonb(j) - 'member_id' ORDER BY j.joined_at)
                  FROM challenge_joining j WHERE member_id = $1) AS joined,
               (SELECT jsonb_agg(to_jsonb(c) - 'member_id' ORDER BY c.occurred_at)
                  FROM challenge_contribution c WHERE member_id = $1) AS counted,
               (SELECT jsonb_agg(to_jsonb(a) - 'member_id' ORDER BY a.given_at)
                  FROM challenge_award a WHERE member_id = $1) AS awards,
               (SELECT jsonb_agg(to_jsonb(b) - 'member_id' ORDER BY b.earned_at)
                  FROM member_badge b WHERE member_id = $1) AS badges,
               (SELECT jsonb_agg(to_jsonb(d) - 'member_id' ORDER BY d.occurred_at)
                  FROM surprise_draw d WHERE member_id = $1) AS draws
        """,
        member_id,
    )
    assert row is not None, "aggregates always answer one row"
    return {name: values or [] for name, values in dict(row).items()}


def _no_figures() -> dict[str, Any]:
    return {"members": 0, "completions": 0, "revoked": 0, "units": {}, "joined": 0}
