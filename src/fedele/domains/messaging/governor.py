"""The governor: whether, when and by which channel a member is spoken to. Pure: it is told everything it needs.

Consent comes first and silence is no. In the app nothing reaches out to the member, so there only a spoken no counts.
A service message needs no consent of the programme's, only a phone whose owner expressly lets the app notify, or an
address. Every channel that reaches out draws on one budget. Quiet hours and caps are the member's own wall clock: a
day is their calendar day, whatever its length.

What is ruled here is held to consent and budget once more by the statement that records it (`message_decide_v2`).
"""

import dataclasses
import functools
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo

from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.config import MessagesConfig, MessageTemplate, QuietHours
from fedele.domains.messaging.types import OUTREACH, ContactAsked, MessageChannel, MessagePurpose, Outcome, Priority
from fedele.domains.messaging.types import Reason as Why

WEEK = timedelta(days=7)
NO_LIMIT = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Contact:
    """One place taken in a member's budget: by which channel, when it left or will leave, and of which group."""

    channel: Channel
    at: datetime
    group: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the ruling needs to know of a member.

    `targets_count`: devices whose owner has not forbidden notifications; `permitted_count`: those whose owner has
    expressly allowed them. `reachable`: of e-mail, SMS and wallet, those by which there is somewhere to write to.
    `blocked`: of those, where an address was found not to exist, or its owner complained.
    `contacts`: what reached out lately or will. `opened_at`: when the member opened messages, for the best hour.
    `held`: blocked by a suspicion; what waits in the app stays, nothing reaches out to them.
    """

    active: bool
    time_zone: str
    granted: frozenset[tuple[Purpose, Channel]] = frozenset()
    refused: frozenset[tuple[Purpose, Channel]] = frozenset()
    targets_count: int = 0
    permitted_count: int = 0
    reachable: frozenset[Channel] = frozenset()
    blocked: frozenset[Channel] = frozenset()
    contacts: tuple[Contact, ...] = ()
    preferred: Channel | None = None
    opened_at: tuple[datetime, ...] = ()
    held: bool = False

    def with_contact(self, contact: Contact) -> Self:
        """The facts once this was said, too."""
        return dataclasses.replace(self, contacts=(*self.contacts, contact))

    def after(self, ruling: "Ruling", ask: "Ask", now: datetime) -> Self:
        """The facts for the next message of the same moment."""
        if ruling.verdict.outcome is Outcome.SUPPRESSED or ruling.channel not in OUTREACH:
            return self
        return self.with_contact(Contact(ruling.channel, ruling.verdict.send_at or now, ask.group))


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to say, without its words."""

    purpose: MessagePurpose
    channels: tuple[Channel, ...]
    priority: Priority = "normal"
    route: Literal["each", "first"] = "each"
    group: str | None = None
    group_days: int = 0
    expires: timedelta = timedelta(hours=24)
    not_before: datetime | None = None

    @classmethod
    def of(
        cls,
        template: MessageTemplate,
        channels: tuple[MessageChannel, ...] | None = None,
        not_before: datetime | None = None,
    ) -> Self:
        """To send this template; `channels` narrows its own."""
        wanted = [name for name in template.channels if channels is None or name in channels]
        return cls(
            template.purpose, tuple(dict.fromkeys(Channel(name) for name in wanted)), template.priority, template.route,
            template.exclusive.group if template.exclusive else None,
            template.exclusive.days if template.exclusive else 0,
            timedelta(hours=template.expires_hours), not_before,
        )  # fmt: skip

    @classmethod
    def contact(cls, asked: ContactAsked) -> Self:
        """To reach out by a channel of the asker's own."""
        return cls(asked.purpose, (asked.channel,), asked.priority)


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, later or no, and why. `send_at` is set for later."""

    outcome: Outcome
    reason: Why
    send_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict for one channel."""

    channel: Channel
    verdict: Verdict


ALLOWED = Verdict(Outcome.SENT, Why.ALLOWED)


def rule(ask: Ask, facts: ContactFacts, policy: MessagesConfig, now: datetime) -> tuple[Ruling, ...]:
    """A ruling for each channel of the message, by the channel's name; together they keep one budget."""
    rulings: list[Ruling] = []
    reached = False
    for channel in _in_order(ask, facts):
        if channel is not Channel.IN_APP and reached and ask.route == "first":
            rulings.append(Ruling(channel, _no(Why.OTHER_CHANNEL)))
            continue
        verdict = rule_channel(channel, ask, facts, policy, now)
        rulings.append(Ruling(channel, verdict))
        if verdict.outcome is not Outcome.SUPPRESSED and channel in OUTREACH:
            reached = True
            facts = facts.with_contact(Contact(channel, verdict.send_at or now))  # its own group does not stop it
    return tuple(sorted(rulings, key=lambda ruling: ruling.channel))


def rule_channel(channel: Channel, ask: Ask, facts: ContactFacts, policy: MessagesConfig, now: datetime) -> Verdict:
    """Whether the message may go by this channel, and when."""
    if not facts.active:
        return _no(Why.MEMBER_GONE)
    if facts.held and channel in OUTREACH and ask.purpose != "service":  # what serves the member is still owed to them
        return _no(Why.MEMBER_BLOCKED)
    if not _consented(channel, ask.purpose, facts):
        return _no(Why.NO_CONSENT)
    if not _has_target(channel, ask.purpose, facts):
        return _no(Why.ADDRESS_BLOCKED if channel in facts.blocked else Why.NO_TARGET)
    wanted = max(now, ask.not_before or now)
    later = Verdict(Outcome.DEFERRED, Why.SEND_TIME, wanted)
    if channel is Channel.IN_APP:
        return ALLOWED
    if ask.priority == "urgent":
        return ALLOWED if wanted == now else later
    quiet_end = quiet_until(policy.quiet_hours, facts.time_zone, wanted)
    if quiet_end is not None and quiet_end >= wanted + ask.expires:
        return _no(Why.QUIET_HOURS)
    send_at = quiet_end or wanted
    if reason := _over_budget(channel, ask, facts, policy, send_at):
        return _no(reason)
    if quiet_end is not None:
        return Verdict(Outcome.DEFERRED, Why.QUIET_HOURS, quiet_end)
    return ALLOWED if wanted == now else later


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
    return next_instant(last_day, ends, zone, now) if quiet else None


def next_instant(day: date, clock: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The first instant after `now` at which a wall clock shows this day and time."""
    first, second = (datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    return first if first > now else second


@functools.lru_cache(maxsize=1_000)  # many members of one zone are judged at one moment
def day_bounds(at: datetime, time_zone: str) -> tuple[datetime, datetime]:
    """The member's calendar day around an instant, as instants: 23, 24 or 25 hours."""
    zone = ZoneInfo(time_zone)
    day = at.astimezone(zone).date()
    return (
        datetime.combine(day, time(0), zone).astimezone(UTC),
        datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC),
    )


def day_max(priority: Priority, policy: MessagesConfig) -> int:
    """How many contacts a day a message of this priority may find there already, plus one."""
    budget = policy.budget
    if priority in ("urgent", "high"):
        return budget.per_day
    free = max(budget.per_day - budget.kept_for_high, 0)
    return free if priority == "normal" else max(free - 1, min(free, 1))


def _in_order(ask: Ask, facts: ContactFacts) -> Sequence[Channel]:
    """As they are tried: the member's own choice first, where only one is to be used."""
    if ask.route == "first" and facts.preferred in ask.channels:
        return (facts.preferred, *(channel for channel in ask.channels if channel is not facts.preferred))
    return ask.channels


def _consented(channel: Channel, purpose: MessagePurpose, facts: ContactFacts) -> bool:
    if purpose == "service":
        return True
    if channel is Channel.IN_APP:
        return (purpose, channel) not in facts.refused
    return (purpose, channel) in facts.granted


def _has_target(channel: Channel, purpose: MessagePurpose, facts: ContactFacts) -> bool:
    match channel:
        case Channel.IN_APP:
            return True
        case Channel.PUSH:
            return (facts.permitted_count if purpose == "service" else facts.targets_count) > 0
        case _:
            return channel in facts.reachable


def _over_budget(
    channel: Channel, ask: Ask, facts: ContactFacts, policy: MessagesConfig, send_at: datetime
) -> Why | None:
    if ask.group is not None and any(
        contact.group == ask.group and contact.at > send_at - timedelta(days=ask.group_days)
        for contact in facts.contacts
    ):
        return Why.EXCLUSIVE
    starts, ends = day_bounds(send_at, facts.time_zone)
    today = [contact for contact in facts.contacts if starts <= contact.at < ends]
    week = [contact for contact in facts.contacts if abs(send_at - contact.at) < WEEK]
    if len(today) >= policy.budget.per_day:
        return Why.DAILY_CAP
    if len(week) >= policy.budget.per_week:
        return Why.WEEKLY_CAP
    if len(today) >= day_max(ask.priority, policy):
        return Why.LOWER_PRIORITY
    return _over_own_cap(channel, today, week, policy)


def _over_own_cap(
    channel: Channel, today: Sequence[Contact], week: Sequence[Contact], policy: MessagesConfig
) -> Why | None:
    """A push over its own limit of the day or week is told in the words of the budget: there it is the same thing."""
    cap = policy.cap(channel.value)  # type: ignore[arg-type]  # channels that reach out are the names of MessageChannel
    push = channel is Channel.PUSH
    if cap.per_day is not None and sum(contact.channel is channel for contact in today) >= cap.per_day:
        return Why.DAILY_CAP if push else Why.CHANNEL_CAP
    if cap.per_week is not None and sum(contact.channel is channel for contact in week) >= cap.per_week:
        return Why.WEEKLY_CAP if push else Why.CHANNEL_CAP
    return None


def _no(reason: Why) -> Verdict:
    return Verdict(Outcome.SUPPRESSED, reason)
