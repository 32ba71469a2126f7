"""Decide whether an offer is open to a member here and now; if not, the refusal says what stops it.

An offer asks its questions in the order of CHECKS; the first no is the reason. `see` stops there, `explain_offer` asks
them all and keeps what each of them saw.
"""

from datetime import datetime

from fedele.domains.offers import errors
from fedele.domains.offers.checking.checks import CHECKS, LIMITS, opens_next
from fedele.domains.offers.checking.sight import Setting, Sight
from fedele.domains.offers.config import Offer
from fedele.domains.offers.timing.schedule import place_stretch
from fedele.domains.offers.types import Check, OpenOffer
from fedele.domains.offers.variants import variant_of
from fedele.kernel.refusal import Refusal

__all__ = ["Setting", "explain_offer", "see"]


def see(offer: Offer, setting: Setting) -> OpenOffer | Refusal:
    """The offer as the member sees it, or the refusal that keeps it out of sight.

    In sight but not to be claimed (yet): its `refusal` says why, for an offer whose place is needed to claim only.
    """
    sight = Sight(offer, setting)
    claim = setting.history.in_hand(offer.key, setting.moment.now)
    elsewhere = None
    for name, check in CHECKS:
        if claim is not None and name in LIMITS:
            continue  # what is in hand is theirs, however many others there were
        failed = check(sight)
        if failed is None:
            continue
        if name == "place" and offer.where is not None and offer.where.needed_to == "claim":
            elsewhere = errors.OfferElsewhere.code
            continue
        return failed[0]
    return OpenOffer(
        offer,
        sight.spot,
        _closes_at(sight),
        claim,
        elsewhere if claim is None else None,
        variant_of(offer, setting.member_id),
        sight.weather if offer.weather is not None else None,
    )


def explain_offer(offer: Offer, setting: Setting) -> tuple[Check, ...]:
    """Every question that the offer asks, in order, with what was seen and wanted; the first failed one is the reason.

    Questions that it does not ask (no place, no weather …) are answered yes, and so are the limits for who has it in
    hand, as `see` answers them.
    """
    sight = Sight(offer, setting)
    claim = setting.history.in_hand(offer.key, setting.moment.now)
    found = []
    for name, check in CHECKS:
        failed = check(sight) if claim is None or name not in LIMITS else None
        if failed is None:
            found.append(Check(name))
            continue
        values = dict(failed[1])
        if name == "hours":
            values["opens"] = opens_next(sight)
        found.append(Check(name, failed[0], values))
    return tuple(found)


def _closes_at(sight: Sight) -> datetime | None:
    """The instant at which it closes today or for good, whichever is first; None: no end."""
    setting, offer = sight.setting, sight.offer
    ends = [offer.schedule.dates.ends_at(setting.time_zone), sight.stretch.ends_at if sight.stretch else None]
    if offer.following:
        ends.append(setting.history.opened_until.get(offer.key))
    if offer.schedule.opening_hours and sight.spot is not None and sight.spot.place is not None:
        stretch = place_stretch(sight.spot.place, sight.now, sight.place_clock)
        ends.append(stretch.ends_at if stretch is not None and stretch != "always" else None)
    return min((end for end in ends if end is not None), default=None)
