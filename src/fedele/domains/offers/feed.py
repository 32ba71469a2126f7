"""Offers as candidates of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.offers.eligibility import Setting
from fedele.domains.offers.queries import history_of, open_offers
from fedele.domains.offers.types import OpenOffer


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """The offers open here and now that the member has not claimed yet."""
    favourite = situation.facts.values.get("member.favourite_store")
    moment = situation.moment
    history = await history_of(db, situation.programme, situation.member_id, moment.now, moment.place, favourite)
    setting = Setting(
        situation.programme, situation.facts, situation.tier, history, situation.moment, situation.member_id
    )
    return [_card(found, situation) for found in open_offers(setting) if found.claim is None]


def _card(found: OpenOffer, situation: Situation) -> Candidate:
    creative, spot = found.creative, found.spot
    terms = [Term("offer", 1.6), Term("priority", found.offer.priority / 50)]
    reason = situation.say(creative.reason) if creative.reason else situation.say(REASONS["open_now"])
    if spot is not None and spot.within:
        terms.append(Term("near", 0.8))
        if creative.reason is None and spot.place is not None:
            reason = situation.say(REASONS["near"]).format(place=situation.say(spot.place.name))
    return Candidate(
        kind="offer",
        key=found.offer.key,
        title=situation.say(creative.title),
        body=situation.say(creative.body),
        image=creative.image,
        action=situation.say(creative.action) if creative.action else None,
        deep_link=creative.deep_link,
        reason=reason,
        terms=tuple(terms),
        subject=found,
        until=found.closes_at,
    )


FEED_SOURCE = FeedSource("offers", candidates)
