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
    message = "This offer was already taken {limit} times, which is all there is for one member."


class OfferExhausted(Refusal):
    """All claims there are, or its whole budget, are gone."""

    code = "OFFER_EXHAUSTED"
    message = "This offer is used up."
