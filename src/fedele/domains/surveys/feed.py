"""Open surveys as candidates of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
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
            reason=situation.say(REASONS["after_visit" if one.occasion else "asked"]),
            terms=(Term("survey", 1.4), Term("rewarded", 0.4 if one.survey.gives else 0.0)),
            subject=one,
            until=one.closes_at,
        )
        for one in asked
    ]


FEED_SOURCE = FeedSource("surveys", candidates)
