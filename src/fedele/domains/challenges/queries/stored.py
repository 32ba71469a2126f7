"""What is stored of challenges: contributions summed, awards, draws."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.challenges.draw import draw
from fedele.domains.challenges.types import AwardId, AwardRecord, Contribution, CountableKind, Counted, Draw
from fedele.kernel.ids import MemberId

Named = tuple[CountableKind, str]
AwardPlace = tuple[str, str, int]  # period, step, nth


@dataclasses.dataclass(frozen=True, slots=True)
class Sum:
    """What the contributions of one period come to."""

    amount: int = 0
    values: int = 0

    def of(self, values: bool) -> int:
        """The number of different values, or the amount."""
        return self.values if values else self.amount


NOTHING = Sum()

_SUMS = """
SELECT c.kind, c.challenge_key, c.period, sum(c.amount)::bigint AS amount,
       (SELECT count(DISTINCT value) FROM challenge_contribution d, unnest(d.counted_values) AS value
         WHERE d.member_id = $1 AND d.kind = c.kind AND d.challenge_key = c.challenge_key AND d.period = c.period
       ) AS different
  FROM challenge_contribution c
 WHERE c.member_id = $1 AND (c.kind, c.challenge_key) IN (SELECT * FROM unnest($2::text[], $3::text[]))
 GROUP BY c.kind, c.challenge_key, c.period
"""

_AWARD = """
SELECT award_id, member_id, kind, challenge_key, period, step, nth, needed, state, attempt, currency, units,
       transaction_id, redemption_id, badge_key, source_id, given_at
  FROM challenge_award
"""

# Everything that the member's list of challenges and streaks shows, in one statement.
_STANDING = """
SELECT (SELECT jsonb_agg(jsonb_build_array(kind, challenge_key, joined_at))
          FROM challenge_joining WHERE member_id = $1) AS joined,
       (SELECT jsonb_agg(jsonb_build_array(s.kind, s.challenge_key, s.period, s.amount, s.different)) FROM (
            SELECT c.kind, c.challenge_key, c.period, sum(c.amount)::bigint AS amount,
                   (SELECT count(DISTINCT value) FROM challenge_contribution d, unnest(d.counted_values) AS value
                     WHERE d.member_id = $1 AND d.kind = c.kind AND d.challenge_key = c.challenge_key
                       AND d.period = c.period) AS different
              FROM challenge_contribution c WHERE c.member_id = $1
             GROUP BY c.kind, c.challenge_key, c.period) AS s) AS sums,
       (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.given_at, a.award_id)
          FROM challenge_award a WHERE a.member_id = $1) AS awards
"""


async def source_state(
    db: Queryable, member_id: MemberId, source_id: UUID
) -> tuple[Mapping[Named, datetime], Mapping[Named, tuple[str, Counted, Contribution]]]:
    """What the member joined, and what a source counts for already: (period, what was counted, what is left)."""
    row = await db.fetch_row(
        """
        SELECT (SELECT jsonb_agg(jsonb_build_array(kind, challenge_key, joined_at))
                  FROM challenge_joining WHERE member_id = $1) AS joined,
               (SELECT jsonb_agg(jsonb_build_array(kind, challenge_key, period, counted, amount, counted_values))
                  FROM challenge_contribution WHERE member_id = $1 AND source_id = $2) AS kept
        """,
        member_id, source_id,
    )  # fmt: skip
    assert row is not None, "aggregates always answer one row"
    kept: dict[Named, tuple[str, Counted, Contribution]] = {
        (kind, key): (period, Counted.of(counted), Contribution(amount, tuple(values)))
        for kind, key, period, counted, amount, values in row["kept"] or ()
    }
    return _joined(row["joined"]), kept


async def sums_of(db: Queryable, member_id: MemberId, named: Sequence[Named]) -> dict[Named, dict[str, Sum]]:
    """What has been counted for these, by period."""
    rows = await db.fetch(_SUMS, member_id, [kind for kind, _ in named], [key for _, key in named])
    found: dict[Named, dict[str, Sum]] = {}
    for row in rows:
        periods_of = found.setdefault((row["kind"], row["challenge_key"]), {})
        periods_of[row["period"]] = Sum(row["amount"], row["different"])
    return found


async def awards_by_key(
    db: Queryable, member_id: MemberId, named: Sequence[Named]
) -> dict[Named, dict[AwardPlace, AwardRecord]]:
    """What was given for these, standing or revoked."""
    sql = _AWARD + " WHERE member_id = $1 AND (kind, challenge_key) IN (SELECT * FROM unnest($2::text[], $3::text[]))"
    found: dict[Named, dict[AwardPlace, AwardRecord]] = {}
    for row in await db.fetch(sql, member_id, [kind for kind, _ in named], [key for _, key in named]):
        record = _award(row)
        assert record.kind != "surprise", "asked for challenges and streaks"
        found.setdefault((record.kind, record.key), {})[record.period, record.step, record.nth] = record
    return found


async def surprises_drawn(db: Queryable, member_id: MemberId, source_id: UUID) -> set[str]:
    """The surprises that this source was drawn for already."""
    sql = "SELECT surprise_key FROM surprise_draw WHERE member_id = $1 AND source_id = $2"
    return {row["surprise_key"] for row in await db.fetch(sql, member_id, source_id)}


async def surprises_won(db: Queryable, member_id: MemberId, surprise_key: str) -> int:
    """How many of this surprise the member has and kept."""
    count: int = await db.fetch_value(
        """
        SELECT count(*) FROM challenge_award
         WHERE member_id = $1 AND kind = 'surprise' AND challenge_key = $2 AND state = 'given'
        """,
        member_id, surprise_key,
    )  # fmt: skip
    return count


async def surprise_awards(db: Queryable, member_id: MemberId, source_id: UUID) -> list[AwardRecord]:
    """What a source brought by chance."""
    sql = _AWARD + " WHERE member_id = $1 AND kind = 'surprise' AND source_id = $2"
    return [_award(row) for row in await db.fetch(sql, member_id, source_id)]


async def list_draws(db: Queryable, member_id: MemberId, surprise_key: str, count: int = 100) -> list[Draw]:
    """The member's draws, newest first: what support reads when somebody asks why not."""
    rows = await db.fetch(
        """
        SELECT surprise_key, source_id, drawn, threshold, outcome, occurred_at, programme_version FROM surprise_draw
         WHERE member_id = $1 AND surprise_key = $2 ORDER BY occurred_at DESC, source_id DESC LIMIT $3
        """,
        member_id, surprise_key, count,
    )  # fmt: skip
    return [Draw(**row) for row in rows]


def draw_again(seed: str, draw_made: Draw, member_id: MemberId) -> bool:
    """Whether a stored draw comes out the same when it is made again from its seed."""
    return draw(seed, draw_made.surprise_key, member_id, draw_made.source_id) == draw_made.drawn


async def sources_since(db: Queryable, member_id: MemberId, since: datetime) -> list[tuple[str, UUID]]:
    """Purchases and events of the member since then, by their own time, oldest first."""
    rows = await db.fetch(
        """
        SELECT kind, id FROM (
            SELECT 'purchase' AS kind, purchase_id AS id, occurred_at FROM purchase
             WHERE member_id = $1 AND occurred_at >= $2
            UNION ALL
            SELECT 'event', event_id, occurred_at FROM activity_event WHERE member_id = $1 AND occurred_at >= $2) AS s
         ORDER BY occurred_at, id
        """,
        member_id, since,
    )  # fmt: skip
    return [(row["kind"], row["id"]) for row in rows]


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What decides how challenges and streaks look to one member; from `standing_of`."""

    joined: Mapping[Named, datetime]
    sums: Mapping[Named, Mapping[str, Sum]]
    awards: Mapping[Named, tuple[AwardRecord, ...]]


async def standing_of(db: Queryable, member_id: MemberId) -> Standing:
    """Read it, in one statement."""
    row = await db.fetch_row(_STANDING, member_id)
    assert row is not None, "aggregates always answer one row"
    sums: dict[Named, dict[str, Sum]] = {}
    for kind, key, period, amount, different in row["sums"] or ():
        sums.setdefault((kind, key), {})[period] = Sum(amount, different)
    awards: dict[Named, tuple[AwardRecord, ...]] = {}
    for values in row["awards"] or ():
        record = _award(values)
        if record.kind != "surprise":
            awards[record.kind, record.key] = (*awards.get((record.kind, record.key), ()), record)
    return Standing(_joined(row["joined"]), sums, awards)


def _joined(values: Sequence[Any] | None) -> dict[Named, datetime]:
    return {(kind, key): datetime.fromisoformat(at) for kind, key, at in values or ()}


def _award(row: Row) -> AwardRecord:
    """From a row, or from a row as JSON."""

    def uuid(name: str) -> UUID | None:
        return UUID(str(row[name])) if row[name] is not None else None

    given_at, award_id, source_id = row["given_at"], uuid("award_id"), uuid("source_id")
    assert award_id is not None, "not null in the table"
    assert source_id is not None, "not null in the table"
    return AwardRecord(
        id=AwardId(award_id),
        member_id=MemberId(UUID(str(row["member_id"]))),
        kind=row["kind"],
        key=row["challenge_key"],
        period=row["period"],
        step=row["step"],
        nth=row["nth"],
        needed=row["needed"],
        state=row["state"],
        attempt=row["attempt"],
        currency=row["currency"],
        units=row["units"],
        transaction_id=uuid("transaction_id"),
        redemption_id=uuid("redemption_id"),
        badge=row["badge_key"],
        source_id=source_id,
        given_at=given_at if isinstance(given_at, datetime) else datetime.fromisoformat(given_at),
    )
