"""The invitation to bring a friend, as a candidate of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.referrals import queries
from fedele.domains.referrals.config import ReferralConfig
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """One card for who may refer and has places left. The more they buy, the more it is worth asking them."""
    config = situation.programme.section(ReferralConfig)
    time_zone = situation.programme.section(ProgrammeConfig).time_zone
    if not config.enabled or not config.dates.contains(situation.moment.now, time_zone):
        return ()
    bindings = situation.facts.bindings(situation.moment.now, time_zone, situation.tier)
    if config.when is not None and not config.when.holds(MEMBER_ENVIRONMENT.bind(bindings)):
        return ()
    overview = await queries.overview_of(db, situation.programme, situation.member_id, situation.moment.now)
    if any(use.used >= use.cap.times_max for use in overview.caps):
        return ()
    asked_before = min(1.0, situation.facts.values["member.purchases_count"] / 10)
    return [
        Candidate(
            kind="referral",
            key="referral",
            title=situation.say(config.title or REASONS["refer_title"]),
            body=situation.say(config.body) if config.body else None,
            reason=situation.say(REASONS["refer"]),
            terms=(Term("referral", 0.2), Term("regular", 0.4 * asked_before)),
            subject=overview,
            until=config.dates.ends_at(time_zone),
        )
    ]


FEED_SOURCE = FeedSource("referrals", candidates)
