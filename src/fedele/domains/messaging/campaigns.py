"""Decisions of campaigns, without I/O: when one is due, which words a member gets, at which hour they are sent."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from fedele.domains.messaging.campaign_config import Campaign, CampaignTime, CampaignVariant
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.governor import next_instant
from fedele.domains.messaging.types import PRIORITIES
from fedele.domains.programme.types import WEEKDAYS
from fedele.kernel.ids import MemberId

LATE_MAX = timedelta(hours=24)  # a campaign that nobody sent for a day is not news any more
OPENS_MIN = 3  # fewer openings say nothing about a member's hours
RUNS = UUID("6f1f9f0e-2c0c-5b6f-9a55-2b7f4f9d6c11")


def due_occurrence(when: CampaignTime, time_zone: str, now: datetime) -> datetime | None:
    """The instant at which a campaign last fell due, if that was within a day and nobody may be late for it."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if day < when.starts or (when.ends is not None and day > when.ends) or not _falls_on(when, day):
            continue
        clock = time(23, 59, 59) if when.at == time.max else when.at
        due_at = datetime.combine(day, clock, zone).astimezone(now.tzinfo)
        if due_at <= now <= due_at + LATE_MAX:
            return due_at
    return None


def run_id(campaign_key: str, due_at: datetime) -> UUID:
    """The name of one sending, the same for whoever begins it: messages of it are deduplicated by it."""
    return uuid5(RUNS, f"{campaign_key}:{int(due_at.timestamp())}")


def arm_of(campaign: Campaign, member_id: MemberId) -> CampaignVariant | None:
    """The variant that this member gets, for good; None: they are held out."""
    if _share(f"holdout:{campaign.key}", member_id) < campaign.holdout_percent / 100:
        return None
    arms = campaign.arms
    mark = _share(f"arm:{campaign.key}", member_id) * sum(arm.weight for arm in arms)
    for arm in arms:
        mark -= arm.weight
        if mark < 0:
            return arm
    return arms[-1]


def send_time(campaign: Campaign, opened_at: Sequence[datetime], time_zone: str, now: datetime) -> datetime | None:
    """When this member's message leaves at the earliest, within a day; None: at once.

    `best` is the hour of the day at which the member opened most messages; of several the one they opened at last.
    """
    if campaign.send_time == "now":
        return None
    if campaign.send_time != "best":
        return _next(campaign.send_time, time_zone, now)
    zone = ZoneInfo(time_zone)
    hours = [opened.astimezone(zone).hour for opened in sorted(opened_at, reverse=True)]
    if len(hours) < OPENS_MIN:
        return _next(campaign.default_time, time_zone, now) if campaign.default_time else None
    best = max(Counter(hours).items(), key=lambda item: (item[1], -hours.index(item[0])))[0]
    return None if now.astimezone(zone).hour == best else _next(time(best), time_zone, now)


def in_order(config: MessagesConfig) -> list[Campaign]:
    """Campaigns as they are sent when several are due: what matters more first, so that it finds the budget free."""

    def rank(campaign: Campaign) -> int:
        found = [template.priority for arm in campaign.arms if (template := config.find(arm.template))]
        return min((PRIORITIES.index(priority) for priority in found), default=len(PRIORITIES))

    return sorted(config.campaigns, key=rank)


def allowed_now(campaign: Campaign, sent_count: int, started_at: datetime, now: datetime) -> int:
    """How many more members may be written to by now at the campaign's pace, with two seconds' worth of start."""
    elapsed = max((now - started_at).total_seconds(), 0) + 2
    return max(int(campaign.per_minute_max * elapsed / 60) - sent_count, 0)


def _falls_on(when: CampaignTime, day: date) -> bool:
    match when.repeats:
        case None:
            return day == when.starts
        case "daily":
            return True
        case "weekly":
            return WEEKDAYS[day.weekday()] == (when.weekday or WEEKDAYS[when.starts.weekday()])
        case "monthly":
            last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
            return day.day == min(when.starts.day, last.day)


def _next(clock: time, time_zone: str, now: datetime) -> datetime:
    """The next time a wall clock in this zone shows this hour."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    clock = time(23, 59) if clock == time.max else clock
    for day in (today, today + timedelta(days=1)):
        instant = next_instant(day, clock, zone, now)
        if instant > now:
            return instant
    return next_instant(today + timedelta(days=2), clock, zone, now)


def _share(salt: str, member_id: MemberId) -> float:
    """A number from 0 to 1 that is this member's, the same each time."""
    digest = hashlib.sha256(f"{salt}:{member_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
