"""Decide whether an offer is open to a member here and now; if not, the refusal says what stops it."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fedele.domains.offers import errors
from fedele.domains.offers.config import Offer
from fedele.domains.offers.spending import least_minor
from fedele.domains.offers.types import History, OpenOffer, Spot
from fedele.domains.programme.config import Place, Places, ProgrammeConfig
from fedele.domains.programme.types import Programme, WeeklyWindow, within
from fedele.domains.segments.types import MemberFacts, now_values
from fedele.kernel.clock import Moment, Position, Weather
from fedele.kernel.distance import distance_metres
from fedele.kernel.refusal import Refusal
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT, WEATHER_ENVIRONMENT


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """Everything a decision looks at, beside the offer itself."""

    programme: Programme
    facts: MemberFacts
    tier: str | None
    history: History
    moment: Moment

    @property
    def time_zone(self) -> str:
        """The programme's time zone."""
        return self.programme.section(ProgrammeConfig).time_zone


def see(offer: Offer, setting: Setting) -> OpenOffer | Refusal:
    """The offer as the member sees it, or the refusal that keeps it out of sight.

    In sight but not to be claimed (yet): its `refusal` says why, for an offer whose place is needed to claim only.
    """
    if not _is_for(offer, setting):
        return errors.OfferNotForMember()
    spot = find_spot(offer, setting.programme, setting.moment.place)
    if offer.state != "live" or not _is_open(offer, spot, setting):
        return errors.OfferClosed()
    away = spot is not None and not spot.within
    if offer.where is not None and (spot is None or away) and offer.where.needed_to == "see":
        return errors.OfferElsewhere()
    if offer.weather is not None and not _has_weather(offer, spot, setting):
        return errors.OfferWeatherDiffers()
    claim = setting.history.in_hand(offer.key, setting.moment.now)
    exhausted = _limit(offer, setting) if claim is None else None
    if exhausted is not None:
        return exhausted
    elsewhere = offer.where is not None and (spot is None or away)
    return OpenOffer(
        offer,
        spot,
        closes_at(offer, spot, setting),
        claim,
        errors.OfferElsewhere.code if elsewhere and claim is None else None,
    )


def find_spot(offer: Offer, programme: Programme, position: Position | None) -> Spot | None:
    """The offer's nearest place or circle: one the member is within if there is one. None: no place, or no position."""
    if offer.where is None or position is None:
        return None
    found = [*_place_spots(offer, programme, position), *_circle_spots(offer, position)]
    return min(found, key=lambda spot: (not spot.within, spot.distance_metres), default=None)


def closes_at(offer: Offer, spot: Spot | None, setting: Setting) -> datetime | None:
    """The instant at which it closes today or for good, whichever is first; None: no end."""
    zone = _clock(offer, spot, setting)
    ends = [offer.schedule.dates.ends_at(setting.time_zone)]
    ends += [_window_end(window, setting.moment.now, zone) for window in offer.schedule.windows]
    return min((end for end in ends if end is not None), default=None)


def _is_for(offer: Offer, setting: Setting) -> bool:
    audience = offer.audience
    if audience.tiers and setting.tier not in audience.tiers:
        return False
    if audience.segments and not set(audience.segments) & set(setting.facts.values["member.segments"]):
        return False
    if audience.when is None:
        return True
    bindings = setting.facts.bindings(setting.moment.now, setting.time_zone, setting.tier)
    return audience.when.holds(MEMBER_ENVIRONMENT.bind(bindings))


def _is_open(offer: Offer, spot: Spot | None, setting: Setting) -> bool:
    now, schedule = setting.moment.now, offer.schedule
    if not schedule.dates.contains(now, setting.time_zone):
        return False
    if not within(schedule.windows, now, _clock(offer, spot, setting)):
        return False
    if schedule.opening_hours and spot is not None and spot.place is not None:
        return within(spot.place.hours, now, _place_zone(spot, setting))
    return True


def _clock(offer: Offer, spot: Spot | None, setting: Setting) -> str:
    """Whose clock the weekly windows follow."""
    if offer.schedule.local_to == "member":
        return setting.facts.time_zone
    return _place_zone(spot, setting) if offer.schedule.local_to == "place" else setting.time_zone


def _place_zone(spot: Spot | None, setting: Setting) -> str:
    return (spot.place.time_zone if spot and spot.place else None) or setting.time_zone


def _has_weather(offer: Offer, spot: Spot | None, setting: Setting) -> bool:
    weather: Weather | None = setting.moment.weather
    if weather is None or offer.weather is None:
        return False
    values: dict[str, Any] = {
        "weather.temperature_celsius": weather.temperature_celsius,
        "weather.rain_millimetres": weather.rain_millimetres,
        "weather.condition": weather.condition,
    }
    local = now_values(setting.moment.now, _place_zone(spot, setting))
    return offer.weather.holds(WEATHER_ENVIRONMENT.bind(local | values))


def _limit(offer: Offer, setting: Setting) -> Refusal | None:
    limits, zone = offer.limits, ZoneInfo(setting.time_zone)
    claims = setting.history.claims.get(offer.key, ())
    if len(claims) >= limits.per_member:
        return errors.OfferLimitReached(limit=limits.per_member)
    today = setting.moment.now.astimezone(zone).date()
    taken_today = sum(claim.claimed_at.astimezone(zone).date() == today for claim in claims)
    if limits.per_member_day is not None and taken_today >= limits.per_member_day:
        return errors.OfferLimitReached(limit=limits.per_member_day)
    if limits.total is not None and setting.history.gone.get(offer.key, 0) >= limits.total:
        return errors.OfferExhausted()
    left = setting.history.left_minor.get(offer.key)
    if left is not None and left < least_minor(offer, setting.programme):
        return errors.OfferExhausted()
    return None


def _place_spots(offer: Offer, programme: Programme, position: Position) -> Iterable[Spot]:
    assert offer.where is not None, "only offers with a place are asked"
    for place in programme.section(Places):
        if offer.where.places == "all" or place.key in offer.where.places:
            yield _spot(place, place.latitude, place.longitude, _radius(offer, place), position)


def _circle_spots(offer: Offer, position: Position) -> Iterable[Spot]:
    assert offer.where is not None, "only offers with a place are asked"
    for circle in offer.where.circles:
        yield _spot(None, circle.latitude, circle.longitude, circle.radius_metres, position)


def _radius(offer: Offer, place: Place) -> int:
    assert offer.where is not None, "only offers with a place are asked"
    return offer.where.radius_metres or place.radius_metres


def _spot(place: Place | None, latitude: float, longitude: float, radius: int, position: Position) -> Spot:
    away = distance_metres(position.latitude, position.longitude, latitude, longitude)
    return Spot(place, away, away <= radius)


def _window_end(window: WeeklyWindow, now: datetime, time_zone: str) -> datetime | None:
    """When this window closes, if it is open now."""
    local = now.astimezone(ZoneInfo(time_zone))
    return window.closing(local) if window.contains(local) else None
