"""Gatherings that a member can still come to, as candidates of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable, Row
from fedele.domains.community.config import Gathering, GatheringsConfig
from fedele.domains.community.types import OpenGathering
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.programme.config import ProgrammeConfig
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT

SOON_DAYS = 14
FEW_SEATS = 5

# Not those that the member has answered, and none with a line: who asks now would only stand in it.
_OPEN = """
SELECT wanted.key, coalesce(s.taken, 0) AS taken
  FROM unnest($2::text[]) AS wanted (key)
  LEFT JOIN gathering_seat AS s ON s.gathering_key = wanted.key
 WHERE NOT EXISTS (SELECT FROM gathering_place AS p WHERE p.member_id = $1 AND p.gathering_key = wanted.key)
   AND NOT EXISTS (SELECT FROM gathering_place AS p WHERE p.gathering_key = wanted.key AND p.state = 'waiting')
"""


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """What this member is invited to, has not answered, and finds a seat at. Who gave a seat back has answered too."""
    now = situation.moment.now
    coming = {one.key: one for one in situation.programme.section(GatheringsConfig) if now < one.starts_at}
    invited = _invited(list(coming.values()), situation)
    if not invited:
        return ()
    rows = await db.fetch(_OPEN, situation.member_id, [one.key for one in invited])
    return [_card(coming[row["key"]], row["taken"], situation) for row in rows if _has_seats(coming[row["key"]], row)]


def _invited(gatherings: Sequence[Gathering], situation: Situation) -> list[Gathering]:
    if all(one.when is None for one in gatherings):
        return list(gatherings)
    zone = situation.programme.section(ProgrammeConfig).time_zone
    known = MEMBER_ENVIRONMENT.bind(situation.facts.bindings(situation.moment.now, zone, situation.tier))
    return [one for one in gatherings if one.when is None or one.when.holds(known)]


def _has_seats(gathering: Gathering, row: Row) -> bool:
    return gathering.capacity is None or row["taken"] < gathering.capacity


def _card(gathering: Gathering, taken: int, situation: Situation) -> Candidate:
    days = (gathering.starts_at - situation.moment.now).total_seconds() / 86_400
    left = None if gathering.capacity is None else gathering.capacity - taken
    few = None
    if left is not None and left <= FEW_SEATS:
        few = situation.say(REASONS["event_few_seats"]).format(count=left)
    return Candidate(
        kind="event",
        key=gathering.key,
        title=situation.say(gathering.title),
        body=situation.say(gathering.body) if gathering.body else None,
        image=gathering.image,
        deep_link=gathering.deep_link,
        action=situation.say(gathering.action or REASONS["event_action"]) if gathering.deep_link else None,
        reason=situation.say(REASONS["event_invited" if gathering.when else "event_open"]),
        terms=(
            Term("event", 0.6),
            Term("event_soon", 0.6 * max(0.0, 1.0 - days / SOON_DAYS)),
            Term("few_seats", 0.7 if few else 0.0, few),
            Term("rewarded", 0.2 if gathering.prize else 0.0),
        ),
        subject=OpenGathering(gathering, taken),
        until=gathering.starts_at,
    )


FEED_SOURCE = FeedSource("community", candidates)
