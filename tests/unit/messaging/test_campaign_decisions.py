"""Campaigns, decided without I/O: when, which words, at which hour, how fast; and the governor's finer rules."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.campaign_config import Campaign, CampaignTime
from fedele.domains.messaging.campaigns import allowed_now, arm_of, due_occurrence, in_order, run_id, send_time
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.governor import Ask, Contact, ContactFacts, rule
from fedele.domains.messaging.types import Outcome, Reason
from fedele.kernel.ids import MemberId, new_id
from tests.factories.messaging import NOON, make_messages, make_template

ROME = ZoneInfo("Europe/Rome")
EVERYWHERE = frozenset(
    (Purpose.MARKETING, channel) for channel in (Channel.PUSH, Channel.EMAIL, Channel.SMS, Channel.WALLET)
)


def campaign(**changes: Any) -> Campaign:
    """A campaign for members who bought something."""
    given = {
        "key": "spring", "audience": {"when": "member.purchases_count > 0"}, "template": "news",
        "when": {"starts": "2026-11-20", "at": "10:00"},
    }  # fmt: skip
    return Campaign.model_validate(given | changes)


def at(*parts: int) -> datetime:
    """A wall-clock time in Rome, as an instant."""
    return datetime(*parts, tzinfo=ROME).astimezone(UTC)  # type: ignore[misc,arg-type]


def facts(**changes: Any) -> ContactFacts:
    """A member in Rome who agreed to everything and can be reached by everything."""
    given = {
        "active": True, "time_zone": "Europe/Rome", "granted": EVERYWHERE, "targets_count": 1, "permitted_count": 1,
        "reachable": frozenset({Channel.EMAIL, Channel.SMS, Channel.WALLET}),
    }  # fmt: skip
    return ContactFacts(**(given | changes))


def asking(config: MessagesConfig, key: str = "news", **changes: Any) -> Ask:
    """To send the template of this key."""
    template = config.find(key)
    assert template is not None
    return Ask.of(template, **changes)


def test_a_campaign_is_due_once_and_nobody_is_a_day_late() -> None:
    """Not before its hour, at it, for a day after it, and then no more; each sending has one name."""
    when = campaign().when
    due = at(2026, 11, 20, 10)
    assert due_occurrence(when, "Europe/Rome", due - timedelta(seconds=1)) is None
    assert due_occurrence(when, "Europe/Rome", due) == due
    assert due_occurrence(when, "Europe/Rome", due + timedelta(hours=23)) == due
    assert due_occurrence(when, "Europe/Rome", due + timedelta(hours=25)) is None
    assert run_id("spring", due) == run_id("spring", due.astimezone(ROME)) != run_id("autumn", due)


@pytest.mark.parametrize(
    ("repeats", "day", "expected"),
    [
        ("daily", date(2026, 12, 3), True),
        ("weekly", date(2026, 11, 27), True),
        ("weekly", date(2026, 11, 28), False),
        ("monthly", date(2026, 12, 20), True),
        ("monthly", date(2026, 12, 21), False),
    ],
)
def test_repeating_campaigns_fall_on_their_days(repeats: str, day: date, expected: bool) -> None:
    """Daily, weekly on the day it started, monthly on its date, on the programme's clock."""
    when = CampaignTime.model_validate({"starts": "2026-11-20", "at": "10:00", "repeats": repeats})
    found = due_occurrence(when, "Europe/Rome", at(day.year, day.month, day.day, 10))
    assert (found == at(day.year, day.month, day.day, 10)) is expected


def test_the_hour_keeps_over_a_change_of_clocks() -> None:
    """Ten in the morning is ten in the morning on both sides of the end of summer time."""
    when = CampaignTime.model_validate({"starts": "2026-10-24", "at": "10:00", "repeats": "daily"})
    for day, utc_hour in ((24, 8), (25, 9)):
        found = due_occurrence(when, "Europe/Rome", datetime(2026, 10, day, 9, 30, tzinfo=UTC))
        assert found == datetime(2026, 10, day, utc_hour, tzinfo=UTC)


def test_arms_divide_members_as_weighed_and_for_good() -> None:
    """Ten per cent are held out, the rest is divided one to two; a member's arm never changes."""
    parts = campaign(
        template=None, holdout_percent=10,
        variants=[{"key": "a", "template": "news"}, {"key": "b", "template": "other", "weight": 2}],
    )  # fmt: skip
    members = [MemberId(new_id()) for _ in range(3000)]
    arms = [arm_of(parts, member) for member in members]
    assert arms == [arm_of(parts, member) for member in members]
    counts = Counter(arm.key if arm else "holdout" for arm in arms)
    assert 220 < counts["holdout"] < 380
    assert 1.6 < counts["b"] / counts["a"] < 2.5


def test_the_best_hour_is_the_one_at_which_the_member_opens() -> None:
    """Three openings at eight in the evening beat one at nine in the morning; too few say nothing."""
    best = campaign(send_time="best", default_time="18:00")
    evenings = [at(2026, 11, day, 20, 15) for day in (1, 2, 3)]
    assert send_time(best, [*evenings, at(2026, 11, 4, 9)], "Europe/Rome", NOON) == at(2026, 11, 20, 20)
    assert send_time(best, evenings, "Europe/Rome", at(2026, 11, 20, 20, 30)) is None
    assert send_time(best, evenings, "Europe/Rome", at(2026, 11, 20, 21)) == at(2026, 11, 21, 20)
    assert send_time(best, evenings[:2], "Europe/Rome", NOON) == at(2026, 11, 20, 18)
    assert send_time(campaign(), evenings, "Europe/Rome", NOON) is None


def test_the_pace_counts_from_the_start() -> None:
    """Sixty a minute: two at once, then one a second."""
    slow = campaign(per_minute_max=60)
    assert allowed_now(slow, 0, NOON, NOON) == 2
    assert allowed_now(slow, 2, NOON, NOON) == 0
    assert allowed_now(slow, 2, NOON, NOON + timedelta(seconds=30)) == 30


def test_what_matters_more_is_sent_first() -> None:
    """Of two campaigns due at once the one of higher priority finds the budget free."""
    config = make_messages(
        make_template(key="low", on=None, priority="low"), make_template(key="high", on=None, priority="high"),
        campaigns=[
            campaign(key=key, template=key).model_dump(mode="json", exclude_none=True) | {"audience": {"segment": "x"}}
            for key in ("low", "high")
        ],
    )  # fmt: skip
    assert [each.key for each in in_order(config)] == ["high", "low"]


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": {}},
        {"template": None},
        {"variants": [{"key": "a", "template": "news"}]},
        {"audience": {"everyone": {"reason": "short"}}},
    ],
)
def test_a_campaign_says_whom_and_what(changes: dict[str, Any]) -> None:
    """No audience, no words, two kinds of words, or an exception without a reason: a mistake in the file."""
    with pytest.raises(ValidationError):
        campaign(**changes)


def test_places_kept_for_what_matters_are_kept() -> None:
    """Of three places one is kept for `high`: normal gets two, low one, high all three."""
    for priority, places in (("low", 1), ("normal", 2), ("high", 3)):
        config = make_messages(
            make_template(key="news", on=None, channels=["push"], priority=priority),
            budget={"per_day": 3, "kept_for_high": 1}, quiet_hours=None,
        )  # fmt: skip
        known, said = facts(), 0
        while (ruling := rule(asking(config), known, config, NOON)[0]).verdict.outcome is Outcome.SENT:
            known, said = known.with_contact(Contact(Channel.PUSH, NOON)), said + 1
        assert said == places
        assert ruling.verdict.reason is (Reason.DAILY_CAP if priority == "high" else Reason.LOWER_PRIORITY)


def test_a_channel_has_its_own_share_of_the_budget() -> None:
    """One text a week: the second is held back, the e-mail is not."""
    config = make_messages(
        make_template(key="news", on=None, channels=["sms", "email"]), budget={"channels": {"sms": {"per_week": 1}}}
    )
    known = facts(contacts=(Contact(Channel.SMS, NOON - timedelta(days=3)),))
    verdicts = {ruling.channel: ruling.verdict.reason for ruling in rule(asking(config), known, config, NOON)}
    assert verdicts == {Channel.SMS: Reason.CHANNEL_CAP, Channel.EMAIL: Reason.ALLOWED}


def test_quiet_hours_hold_for_every_channel_that_reaches_out() -> None:
    """At eleven in the evening push, e-mail, text and card wait for eight; a chosen hour by night does, too."""
    config = make_messages(
        make_template(key="news", on=None, channels=["push", "email", "sms", "wallet"]), budget={"per_day": 9}
    )
    night, morning = at(2026, 11, 20, 23), at(2026, 11, 21, 8)
    for ruling in rule(asking(config), facts(), config, night):
        assert (ruling.verdict.outcome, ruling.verdict.send_at) == (Outcome.DEFERRED, morning)
    chosen = rule(asking(config, not_before=at(2026, 11, 20, 22)), facts(), config, NOON)
    assert {ruling.verdict.send_at for ruling in chosen} == {morning}
    by_day = rule(asking(config, not_before=at(2026, 11, 20, 18)), facts(), config, NOON)
    assert {(r.verdict.reason, r.verdict.send_at) for r in by_day} == {(Reason.SEND_TIME, at(2026, 11, 20, 18))}


def test_a_campaign_may_not_be_urgent() -> None:
    """What the member did not ask for keeps quiet hours and budget; the file is refused."""
    with pytest.raises(ValidationError, match="urgent"):
        make_messages(
            make_template(key="news", on=None, priority="urgent"),
            campaigns=[campaign().model_dump(mode="json", exclude_none=True) | {"audience": {"segment": "x"}}],
        )


def test_time_of_day_is_kept_as_written() -> None:
    """A fixed hour on the member's own clock, in Tokyo as in Rome."""
    fixed = campaign(send_time="18:30")
    for zone in ("Asia/Tokyo", "Europe/Rome"):
        leaves = send_time(fixed, [], zone, NOON)
        assert leaves is not None
        assert leaves.astimezone(ZoneInfo(zone)).time() == time(18, 30)
