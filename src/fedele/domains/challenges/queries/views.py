"""Challenges, streaks and badges as one member sees them: pure, but for the badges."""

from collections.abc import Mapping
from datetime import date, datetime

from fedele.db.database import Queryable
from fedele.domains.challenges import counting, periods, progress
from fedele.domains.challenges.config import BadgesConfig, Challenge, ChallengesConfig, Streak, StreaksConfig
from fedele.domains.challenges.queries.stored import NOTHING, Named, Standing, Sum
from fedele.domains.challenges.streak import fold
from fedele.domains.challenges.types import ChallengeView, HeldBadge, StreakState, StreakView
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.segments.types import MemberFacts
from fedele.kernel.ids import MemberId
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT


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
