"""Challenges and streaks under way as candidates of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.challenges import queries
from fedele.domains.challenges.config import ChallengesConfig, StreaksConfig
from fedele.domains.challenges.types import ChallengeView, StreakView
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """What the member can still reach: nearly done first, and a streak that ends unless something is done."""
    if not len(situation.programme.section(ChallengesConfig)) + len(situation.programme.section(StreaksConfig)):
        return ()
    standing = await queries.standing_of(db, situation.member_id)
    asked = (situation.programme, situation.facts, situation.tier, standing, situation.moment.now)
    challenges = [view for view in queries.challenges_of(*asked) if not view.complete]
    streaks = [view for view in queries.streaks_of(*asked) if view.joined and view.state.current]
    return [*(_challenge(view, situation) for view in challenges), *(_streak(view, situation) for view in streaks)]


def _challenge(view: ChallengeView, situation: Situation) -> Candidate:
    share = min(1.0, view.progress / view.target)
    name = "challenge_begun" if view.progress else "challenge_open" if view.joined else "challenge_to_join"
    return Candidate(
        kind="challenge",
        key=f"challenge:{view.challenge.key}:{view.period}",
        title=situation.say(view.challenge.name),
        body=situation.say(view.challenge.description) if view.challenge.description else None,
        image=view.challenge.image,
        reason=situation.say(REASONS[name]),
        terms=(Term("challenge", 0.6), Term("progress", share)),
        subject=view,
        until=view.ends_at,
    )


def _streak(view: StreakView, situation: Situation) -> Candidate:
    name = "streak_at_risk" if view.state.at_risk else "streak_running"
    return Candidate(
        kind="challenge",
        key=f"streak:{view.streak.key}",
        title=situation.say(view.streak.name),
        body=situation.say(view.streak.description) if view.streak.description else None,
        image=view.streak.image,
        reason=situation.say(REASONS[name]).format(count=view.state.current),
        terms=(Term("streak", 0.6), Term("at_risk", 1.0 if view.state.at_risk else 0.0)),
        subject=view,
        until=view.period_ends_at,
    )


FEED_SOURCE = FeedSource("challenges", candidates)
