"""Is this unusual? Pure: what was counted, or where two sales were, against one rule."""

from fedele.domains.fraud.config import TravelRule, VelocityRule
from fedele.domains.fraud.types import Counted, Stop, Suspicion
from fedele.kernel.distance import distance_metres

SECONDS_AN_HOUR = 3600


def judge_velocity(rule: VelocityRule, subject: str, counted: Counted) -> Suspicion | None:
    """A suspicion when more was counted than the rule allows."""
    if counted.amount <= rule.max:
        return None
    evidence = {
        "counts": rule.counts,
        "by": rule.attribute or rule.by,
        "counted": format(counted.amount.normalize(), "f"),
        "max": format(rule.max.normalize(), "f"),
        "hours": rule.hours,
        "since": counted.since.isoformat(),
    }
    return Suspicion(rule.key, subject, rule.then == "block", evidence)


def judge_travel(rule: TravelRule, subject: str, one: Stop, other: Stop) -> Suspicion | None:
    """A suspicion when nobody could have gone from the one shop to the other in the time between them.

    Tills' clocks differ by a little: sales of the same instant are a minute apart.
    """
    if one.store_id == other.store_id:
        return None
    kilometres = distance_metres(one.latitude, one.longitude, other.latitude, other.longitude) / 1000
    seconds = max(60.0, abs((other.at - one.at).total_seconds()))
    speed = kilometres / (seconds / SECONDS_AN_HOUR)
    if kilometres < rule.kilometres_min or speed <= rule.kilometres_per_hour_max:
        return None
    evidence = {
        "kilometres": round(kilometres, 1),
        "minutes": round(seconds / 60, 1),
        "kilometres_per_hour": round(speed),
        "kilometres_per_hour_max": rule.kilometres_per_hour_max,
        "stores": [one.store_id, other.store_id],
    }
    return Suspicion(rule.key, subject, rule.then == "block", evidence)
