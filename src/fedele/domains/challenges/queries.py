"""Reading challenges: progress from contributions, what was given, and both as a member and as staff see them."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fedele.db.database import Queryable, Row
from fedele.domains.challenges import counting, periods, progress
from fedele.domains.challenges.config import BadgesConfig, Challenge, ChallengesConfig, Streak, StreaksConfig
from fedele.domains.challenges.draw import draw
from fedele.domains.challenges.streak import fold
from fedele.domains.challenges.types import (
    AwardId,
    AwardRecord,
    ChallengeView,
    Contribution,
    CountableKind,
    Counted,
    Draw,
    Figures,
    HeldBadge,
    StreakState,
    StreakView,
)
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

TARGET = progress.TARGET
scaled = progress.scaled
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


def challenges_of(
    programme: Programme, facts: MemberFacts, tier: str | None, standing: Standing, at: datetime
) -> tuple[ChallengeView, ...]:
    """The challenges that this member sees now, in the programme's order."""
    config = programme.section(ProgrammeConfig)
    found = []
    for challenge in programme.section(ChallengesConfig):
        view = _challenge(challenge, config, facts, standing, at)
        if view is not None and (view.progress or challenge.listed) and _is_for(challenge, facts, tier, config, at):
            found.append(view)
    return tuple(found)


def streaks_of(
    programme: Programme, facts: MemberFacts, tier: str | None, standing: Standing, at: datetime
) -> tuple[StreakView, ...]:
    """The streaks that this member sees now, in the programme's order."""
    config = programme.section(ProgrammeConfig)
    found = []
    for streak in programme.section(StreaksConfig):
        view = _streak(streak, config, standing, at)
        if (view.state.best or streak.listed) and _is_for(streak, facts, tier, config, at):
            found.append(view)
    return tuple(found)


def streak_state(
    streak: Streak, by_period: Mapping[str, Sum], decimals: int, at: datetime, time_zone: str
) -> StreakState:
    """How the streak stands at an instant, from what was counted in each of its periods."""
    target = progress.scaled(streak.goal.target, decimals)
    values = counting.counts_values(streak.goal)
    kept = [
        periods.index_of(streak.every, date.fromisoformat(period))
        for period, counted in by_period.items()
        if counted.of(values) >= target
    ]
    now = periods.index_of(streak.every, periods.first_day(streak.every, periods.local_day(at, time_zone)))
    return fold(kept, now, streak.grace, streak.freezes)


async def list_badges(db: Queryable, programme: Programme, member_id: MemberId) -> tuple[HeldBadge, ...]:
    """The member's badges, the newest first."""
    rows = await db.fetch(
        """
        SELECT badge_key, earned_at, source_kind, source_key FROM member_badge
         WHERE member_id = $1 ORDER BY earned_at DESC, badge_key
        """,
        member_id,
    )
    known = programme.section(BadgesConfig)
    return tuple(
        HeldBadge(row["badge_key"], known.find(row["badge_key"]), row["earned_at"], row["source_kind"],
                  row["source_key"])
        for row in rows
    )  # fmt: skip


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


def _challenge(
    challenge: Challenge, config: ProgrammeConfig, facts: MemberFacts, standing: Standing, at: datetime
) -> ChallengeView | None:
    named: Named = ("challenge", challenge.key)
    joined_at = standing.joined.get(named)
    began_at = joined_at if challenge.joining == "opt_in" else facts.values["member.joined_at"]
    window = periods.window_of(challenge, at, began_at or at, config.time_zone)
    if window is None:
        return None
    decimals = counting.decimals_of(challenge.goal, config.home_currency)
    counted = standing.sums.get(named, {}).get(window.period, NOTHING)
    value = counted.of(counting.counts_values(challenge.goal))
    return ChallengeView(
        challenge=challenge,
        joined_at=joined_at,
        period=window.period,
        starts_at=window.starts_at if challenge.joining == "automatic" or joined_at else None,
        ends_at=window.ends_at if began_at or not challenge.days_from_joining else None,
        progress=value,
        target=progress.scaled(challenge.goal.target, decimals),
        decimals=decimals,
        times=progress.times_completed(challenge, value, decimals),
        awards=tuple(one for one in standing.awards.get(named, ()) if one.period == window.period),
    )


def _streak(streak: Streak, config: ProgrammeConfig, standing: Standing, at: datetime) -> StreakView:
    named: Named = ("streak", streak.key)
    by_period = standing.sums.get(named, {})
    decimals = counting.decimals_of(streak.goal, config.home_currency)
    first = periods.first_day(streak.every, periods.local_day(at, config.time_zone))
    counted = by_period.get(first.isoformat(), NOTHING)
    return StreakView(
        streak=streak,
        joined_at=standing.joined.get(named),
        state=streak_state(streak, by_period, decimals, at, config.time_zone),
        progress=counted.of(counting.counts_values(streak.goal)),
        target=progress.scaled(streak.goal.target, decimals),
        decimals=decimals,
        period_ends_at=periods.midnight(periods.next_first_day(streak.every, first), config.time_zone),
        awards=standing.awards.get(named, ()),
    )


def _is_for(
    what: Challenge | Streak, facts: MemberFacts, tier: str | None, config: ProgrammeConfig, at: datetime
) -> bool:
    if not what.dates.contains(at, config.time_zone):
        return False
    return what.when is None or what.when.holds(MEMBER_ENVIRONMENT.bind(facts.bindings(at, config.time_zone, tier)))


def _joined(values: Sequence[Any] | None) -> dict[Named, datetime]:
    return {(kind, key): datetime.fromisoformat(at) for kind, key, at in values or ()}


def _no_figures() -> dict[str, Any]:
    return {"members": 0, "completions": 0, "revoked": 0, "units": {}, "joined": 0}


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
