"""Whether a member may be contacted now, later or not at all: the whole governor, without I/O.

Consent comes first and silence is no. In the app nothing reaches out to the member, so there only a spoken no counts.
A service message needs no consent of the programme's, only a phone whose owner expressly lets the app notify.
Quiet hours and caps are the member's own wall clock: a day is their calendar day, whatever its length.
"""

import dataclasses
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.config import MessagesConfig, MessageTemplate, QuietHours
from fedele.domains.messaging.types import Outcome, Reason

WEEK = timedelta(days=7)


@dataclasses.dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the decision needs to know of a member.

    `targets_count`: devices whose owner has not forbidden notifications; `permitted_count`: those whose owner has
    expressly allowed them. `pushed_at`: when pushes of the last week left, or will leave.
    """

    active: bool
    time_zone: str
    granted: frozenset[tuple[Purpose, Channel]] = frozenset()
    refused: frozenset[tuple[Purpose, Channel]] = frozenset()
    targets_count: int = 0
    permitted_count: int = 0
    pushed_at: tuple[datetime, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, later or no, and why. `send_at` is set for later."""

    outcome: Outcome
    reason: Reason
    send_at: datetime | None = None


ALLOWED = Verdict(Outcome.SENT, Reason.ALLOWED)


def may_show(template: MessageTemplate, facts: ContactFacts) -> Verdict:
    """Whether the message may wait in the app."""
    if not facts.active:
        return _no(Reason.MEMBER_GONE)
    if template.purpose != "service" and (template.purpose, Channel.IN_APP) in facts.refused:
        return _no(Reason.NO_CONSENT)
    return ALLOWED


def may_push(template: MessageTemplate, facts: ContactFacts, config: MessagesConfig, now: datetime) -> Verdict:
    """Whether the message may be pushed, and when."""
    if not facts.active:
        return _no(Reason.MEMBER_GONE)
    if template.purpose != "service" and (template.purpose, Channel.PUSH) not in facts.granted:
        return _no(Reason.NO_CONSENT)
    if (facts.permitted_count if template.purpose == "service" else facts.targets_count) == 0:
        return _no(Reason.NO_TARGET)
    if template.priority == "urgent":
        return ALLOWED
    send_at = quiet_until(config.quiet_hours, facts.time_zone, now)
    if send_at is not None and send_at >= now + timedelta(hours=template.expires_hours):
        return _no(Reason.QUIET_HOURS)
    if reason := _over_budget(facts, config, send_at or now):
        return _no(reason)
    return ALLOWED if send_at is None else Verdict(Outcome.DEFERRED, Reason.QUIET_HOURS, send_at)


def quiet_until(quiet_hours: QuietHours | None, time_zone: str, now: datetime) -> datetime | None:
    """When the quiet hours that hold at `now` end, in UTC; None outside them.

    An end that falls into a spring gap is moved past it by the gap's length; of an end that comes twice in autumn,
    the next to come counts.
    """
    if quiet_hours is None:
        return None
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    starts, ends, clock = quiet_hours.starts, quiet_hours.ends, local.time()
    if starts < ends:
        quiet, last_day = starts <= clock < ends, local.date()
    else:
        quiet = starts != ends and (clock >= starts or clock < ends)
        last_day = local.date() + timedelta(days=1 if clock >= starts else 0)
    return _next_instant(last_day, ends, zone, now) if quiet else None


def _next_instant(day: date, clock: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The first instant after `now` at which a wall clock shows this day and time."""
    first, second = (datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    return first if first > now else second


def _over_budget(facts: ContactFacts, config: MessagesConfig, send_at: datetime) -> Reason | None:
    zone = ZoneInfo(facts.time_zone)
    day = send_at.astimezone(zone).date()
    if sum(other.astimezone(zone).date() == day for other in facts.pushed_at) >= config.pushes_per_day_max:
        return Reason.DAILY_CAP
    if sum(abs(send_at - other) < WEEK for other in facts.pushed_at) >= config.pushes_per_week_max:
        return Reason.WEEKLY_CAP
    return None


def _no(reason: Reason) -> Verdict:
    return Verdict(Outcome.SUPPRESSED, reason)
