"""Offers as candidates of the feed."""

from collections.abc import Sequence

from fedele.db.database import Queryable
from fedele.domains.feed.queries import REASONS
from fedele.domains.feed.types import Candidate, FeedSource, Situation, Term
from fedele.domains.offers.checking.products import covered_by
from fedele.domains.offers.eligibility import Setting
from fedele.domains.offers.queries import history_of, open_offers
from fedele.domains.offers.types import OpenOffer
from fedele.domains.recommendations.queries import fit_of, recommended
from fedele.domains.recommendations.types import OfferFit, Recommended

SCALE = 0.12  # of a log odds, in the feed's unit


async def candidates(db: Queryable, situation: Situation) -> Sequence[Candidate]:
    """The offers open here and now that the member has not claimed yet."""
    favourite = situation.facts.values.get("member.favourite_store")
    moment = situation.moment
    history = await history_of(db, situation.programme, situation.member_id, moment.now, moment.place, favourite)
    setting = Setting(
        situation.programme, situation.facts, situation.tier, history, situation.moment, situation.member_id
    )
    tastes = await recommended(db, situation)
    return [_card(found, situation, tastes) for found in open_offers(setting) if found.claim is None]


def _card(found: OpenOffer, situation: Situation, tastes: Sequence[Recommended]) -> Candidate:
    creative, spot = found.creative, found.spot
    said = situation.say(creative.reason) if creative.reason else None  # the programme's own words come first
    terms = [Term("offer", 1.6, said), Term("priority", found.offer.priority / 50)]
    if found.variant is not None:
        terms.append(Term(f"variant:{found.variant}", 0.0))  # weighs nothing: the exposure is logged with it
    if spot is not None and spot.within:
        near = situation.say(REASONS["near"]).format(place=situation.say(spot.place.name)) if spot.place else None
        terms.append(Term("near", 0.8, near))
    covers = covered_by(found.offer)
    if covers is not None and (fit := fit_of(tastes, covers)) is not None:
        terms += _fitting(fit, situation)
    return Candidate(
        kind="offer",
        key=found.offer.key,
        title=situation.say(creative.title),
        body=situation.say(creative.body),
        image=creative.image,
        action=situation.say(creative.action) if creative.action else None,
        deep_link=creative.deep_link,
        reason=said or situation.say(REASONS["open_now"]),
        terms=tuple(terms),
        subject=found,
        until=found.closes_at,
        covers=covers,
    )


def _fitting(fit: OfferFit, situation: Situation) -> list[Term]:
    """The facts of what the member buys; the one that can be told is told."""
    own = SCALE * (fit.parts.get("slow", 0.0) + fit.parts.get("together", 0.0))
    words = situation.say(REASONS["about_bought"]).format(product=fit.bought.name) if fit.bought else None
    return [Term("about_bought", own, words), Term("about_popular", SCALE * fit.parts.get("popular", 0.0))]


FEED_SOURCE = FeedSource("offers", candidates)
