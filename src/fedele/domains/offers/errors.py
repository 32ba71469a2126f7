"""Why an offer cannot be had. Each is what `explain` tells too."""

from fedele.kernel.refusal import Refusal


class OfferClosed(Refusal):
    """Not live, or outside its dates, hours or the place's opening hours."""

    code = "OFFER_CLOSED"
    message = "This offer is not open at this time."


class OfferNotForMember(Refusal):
    """Another tier, segment or audience."""

    code = "OFFER_NOT_FOR_MEMBER"
    message = "This offer is not available to this member."


class OfferElsewhere(Refusal):
    """The member is too far away, or nobody knows where they are."""

    code = "OFFER_ELSEWHERE"
    message = "This offer can only be had near one of its places."


class OfferWeatherDiffers(Refusal):
    """The sky is another one, or not known."""

    code = "OFFER_WEATHER_DIFFERS"
    message = "This offer is for another weather."


class OfferLimitReached(Refusal):
    """The member had it as often as one may."""

    code = "OFFER_LIMIT_REACHED"
    message = "This offer was already taken as often as one member may: {limit}."


class OfferExhausted(Refusal):
    """All claims there are, or its whole budget, are gone."""

    code = "OFFER_EXHAUSTED"
    message = "This offer is used up."


class OfferNotApproved(Refusal):
    """It waits for a second person's yes."""

    code = "OFFER_NOT_APPROVED"
    message = "This offer is not open yet."


class OfferNotEarned(Refusal):
    """It opens after something the member did, and that has not happened, or is too long ago."""

    code = "OFFER_NOT_EARNED"
    message = "This offer opens after a purchase, a visit or something else that has not happened."


class PositionNotBelieved(Refusal):
    """A check-in that the server does not take for true."""

    code = "POSITION_NOT_BELIEVED"
    message = "We could not confirm where you are: {verdict}. Try again with location services on, under the open sky."


class LocationConsentMissing(Refusal):
    """The member has not agreed that their position is used."""

    code = "LOCATION_CONSENT_MISSING"
    message = "Agree to the use of your location first."


class NotAtPlace(Refusal):
    """A check-in away from the place."""

    code = "NOT_AT_PLACE"
    message = "You are {distance_metres} m away from this place; to check in be within {radius_metres} m."


class ApprovalNeedsSecondPerson(Refusal):
    """Who applied the version cannot approve its offers."""

    code = "APPROVAL_NEEDS_SECOND_PERSON"
    message = "You applied the programme version with this offer: somebody else must approve it."


class OfferChanged(Refusal):
    """What was approved is not what is written now."""

    code = "OFFER_CHANGED"
    message = "The offer was changed since you looked at it. Look again, then approve it."
