"""The questions an offer asks, in order. Each answers None for yes, or a refusal with what it saw and wanted."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from fedele.domains.offers import errors
from fedele.domains.offers.checking.sight import Sight, local_time
from fedele.domains.offers.spending import least_minor
from fedele.domains.offers.timing.schedule import next_stretches, place_stretch
from fedele.domains.offers.types import Standing
from fedele.domains.offers.variants import digest_of
from fedele.kernel.conjuncts import failures
from fedele.kernel.expressions import Environment, Expression
from fedele.kernel.refusal import Refusal
from fedele.kernel.vocabulary import MEMBER_ENVIRONMENT, WEATHER_ENVIRONMENT

No: TypeAlias = tuple[Refusal, Mapping[str, Any]]

_NOTHING = Standing()
_LOOK_AHEAD = timedelta(days=8)


def state(sight: Sight) -> No | None:
    """Live, or scheduled (its dates say since when); not ended by staff."""
    offer = sight.offer
    if offer.state not in ("live", "scheduled"):
        return errors.OfferClosed(), {"state": offer.state}
    if sight.setting.history.standings and _standing(sight).ended_at is not None:
        return errors.OfferClosed(), {"state": "ended"}
    return None


def approval(sight: Sight) -> No | None:
    """Approved as it is written, if it needs that."""
    if not sight.offer.needs_approval or _standing(sight).approved_by is not None:
        return None
    return errors.OfferNotApproved(), {}


def tier(sight: Sight) -> No | None:
    """One of its tiers."""
    tiers, own = sight.offer.audience.tiers, sight.setting.tier
    return (errors.OfferNotForMember(), {"wanted": list(tiers), "tier": own}) if tiers and own not in tiers else None


def segment(sight: Sight) -> No | None:
    """In one of its segments."""
    segments = sight.offer.audience.segments
    if not segments or set(segments) & set(sight.setting.facts.values["member.segments"]):
        return None
    return errors.OfferNotForMember(), {"wanted": list(segments)}


def condition(sight: Sight) -> No | None:
    """Its condition over the member."""
    when = sight.offer.audience.when
    if when is None:
        return None
    failed = _failed(when, MEMBER_ENVIRONMENT, sight.member_values)
    return None if failed is None else (errors.OfferNotForMember(), failed)


def earned(sight: Sight) -> No | None:
    """Opened by what the member did, if it follows something."""
    if not sight.offer.following:
        return None
    until = sight.setting.history.opened_until.get(sight.offer.key)
    if until is not None and sight.now < until:
        return None
    kinds = [getattr(trigger, "event", trigger.type) for trigger in sight.offer.following]
    return errors.OfferNotEarned(), {"wanted": kinds, "until": until.isoformat() if until else None}


def dates(sight: Sight) -> No | None:
    """Between its first and its last day."""
    own, zone = sight.offer.schedule.dates, sight.setting.time_zone
    if own.contains(sight.now, zone):
        return None
    known = {
        "starts": own.starts.isoformat() if own.starts else None,
        "ends": own.ends.isoformat() if own.ends else None,
    }
    return errors.OfferClosed(), known | {"local": local_time(sight.now, zone)}


def hours(sight: Sight) -> No | None:
    """Within one of its windows or recurrences, on its own clock."""
    schedule = sight.offer.schedule
    if schedule.always or sight.stretch is not None:
        return None
    return errors.OfferClosed(), {"local": local_time(sight.now, sight.clock), "time_zone": sight.clock}


def opening_hours(sight: Sight) -> No | None:
    """While its place is open."""
    spot = sight.spot
    if not sight.offer.schedule.opening_hours or spot is None or spot.place is None:
        return None
    if place_stretch(spot.place, sight.now, sight.place_clock) is not None:
        return None
    return errors.OfferClosed(), {"local": local_time(sight.now, sight.place_clock), "place": spot.place.key}


def place(sight: Sight) -> No | None:
    """Near enough to one of its places. Where it is only needed to claim, see `see`."""
    where, spot = sight.offer.where, sight.spot
    if where is None or (spot is not None and spot.within):
        return None
    if spot is None:
        return errors.OfferElsewhere(), {"distance_metres": None, "beacon": where.beacons}
    return errors.OfferElsewhere(), {
        "distance_metres": round(spot.distance_metres),
        "radius_metres": round(spot.radius_metres) if spot.radius_metres else None,
        "place": spot.place.key if spot.place else None,
    }


def weather(sight: Sight) -> No | None:
    """Its condition over the sky at its place; not known means no."""
    when = sight.offer.weather
    if when is None:
        return None
    if sight.weather is None:
        return errors.OfferWeatherDiffers(), {"known": False}
    failed = _failed(when, WEATHER_ENVIRONMENT, sight.weather_values())
    return None if failed is None else (errors.OfferWeatherDiffers(), failed)


def member_limit(sight: Sight) -> No | None:
    """As often as one member may have it."""
    limit, taken = sight.offer.limits.per_member, len(sight.setting.history.claims.get(sight.offer.key, ()))
    return (errors.OfferLimitReached(limit=limit), {"limit": limit, "taken": taken}) if taken >= limit else None


def day_limit(sight: Sight) -> No | None:
    """As often as one member may have it on one day of the programme."""
    limit, zone = sight.offer.limits.per_member_day, ZoneInfo(sight.setting.time_zone)
    if limit is None:
        return None
    claims, today = sight.setting.history.claims.get(sight.offer.key, ()), sight.now.astimezone(zone).date()
    taken = sum(claim.claimed_at.astimezone(zone).date() == today for claim in claims)
    return (errors.OfferLimitReached(limit=limit), {"limit": limit, "taken": taken}) if taken >= limit else None


def total(sight: Sight) -> No | None:
    """While some are left."""
    limit, gone = sight.offer.limits.total, sight.setting.history.gone.get(sight.offer.key, 0)
    return (errors.OfferExhausted(), {"limit": limit}) if limit is not None and gone >= limit else None


def budget(sight: Sight) -> No | None:
    """While there is money for one more."""
    left = sight.setting.history.left_minor.get(sight.offer.key)
    if left is None or left >= least_minor(sight.offer, sight.setting.programme):
        return None
    return errors.OfferExhausted(), {}


CHECKS: tuple[tuple[str, Callable[[Sight], No | None]], ...] = tuple(
    (check.__name__, check)
    for check in (
        state, approval, tier, segment, condition, earned, dates, hours, opening_hours, place, weather,
        member_limit, day_limit, total, budget,
    )
)  # fmt: skip
LIMITS = frozenset({"member_limit", "day_limit", "total", "budget"})


def opens_next(sight: Sight) -> str | None:
    """The local time at which its next window opens within eight days, for who asks why it is closed."""
    if sight.offer.schedule.always:
        return None
    coming = next_stretches(sight.offer.schedule, sight.now, sight.now + _LOOK_AHEAD, sight.clock)
    return local_time(coming[0].starts_at, sight.clock) if coming else None


def _standing(sight: Sight) -> Standing:
    standings = sight.setting.history.standings
    return standings.get((sight.offer.key, digest_of(sight.offer)), _NOTHING) if standings else _NOTHING


def _failed(when: Expression, environment: Environment, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first part of a condition that does not hold, with what it read; None if all of it holds."""
    bindings = environment.bind(values)
    if when.holds(bindings):
        return None
    found = failures(when, bindings)
    failure = next((one for one in found if one.error is None), found[0])
    known = {name: _plain(value) for name, value in failure.values}
    return {"condition": failure.text, "values": known, "known": failure.error is None}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)
