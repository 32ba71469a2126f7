"""Open surveys as candidates of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.surveys.config import AfterJoining, AfterPurchase, AfterRedemption, AfterVisit, SurveyTrigger
from fedele.domains.surveys.queries import open_surveys, past_of


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """The surveys this member can answer now."""
    past = await past_of(db, situation.member_id)
    asked = open_surveys(situation.programme, situation.facts, situation.tier, past, situation.moment)
    return [
        Candidate(
            kind="survey",
            key=f"{one.survey.key}:{one.occasion}",
            title=situation.say(one.survey.title),
            body=situation.say(one.survey.intro) if one.survey.intro else None,
            reason=situation.say(REASONS[_why(one.survey.trigger)]),
            terms=(Term("survey", 1.4), Term("rewarded", 0.4 if one.survey.gives else 0.0)),
            subject=one,
            until=one.closes_at,
        )
        for one in asked
    ]


def _why(trigger: SurveyTrigger) -> str:
    """What brought the survey, as the member would say it; what is nobody's business but ours is just asked."""
    match trigger:
        case AfterPurchase() | AfterVisit():
            return "after_visit"
        case AfterRedemption():
            return "after_reward"
        case AfterJoining():
            return "after_joining"
    return "asked"


FEED_SOURCE = FeedSource("surveys", candidates)
