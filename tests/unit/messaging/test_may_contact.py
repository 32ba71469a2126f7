"""The governor: consent first, then the member's own clock, then what is enough."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedele.domains.members.types import Channel, Purpose
from fedele.domains.messaging.config import MessagesConfig, MessageTemplate, QuietHours
from fedele.domains.messaging.governor import Ask, Contact, ContactFacts, Verdict, quiet_until, rule_channel
from fedele.domains.messaging.types import Outcome, Reason
from tests.factories.messaging import NOON, make_messages, make_template

GRANTED = frozenset({(Purpose.MARKETING, Channel.PUSH)})
ROME = ZoneInfo("Europe/Rome")
NIGHT = QuietHours(starts=time(21), ends=time(8))


def facts(**changes: Any) -> ContactFacts:
    """A member in Rome who agreed to marketing pushes and has a phone."""
    given = {"active": True, "time_zone": "Europe/Rome", "granted": GRANTED, "targets_count": 1, "permitted_count": 1}
    pushed_at = changes.pop("pushed_at", ())
    contacts = tuple(Contact(Channel.PUSH, at) for at in pushed_at)
    return ContactFacts(**(given | {"contacts": contacts} | changes))


def may_push(template: MessageTemplate, facts: ContactFacts, config: MessagesConfig, now: datetime) -> Verdict:
    """The ruling for a push of this template."""
    return rule_channel(Channel.PUSH, Ask.of(template), facts, config, now)


def may_show(template: MessageTemplate, facts: ContactFacts) -> Verdict:
    """The ruling for the app."""
    return rule_channel(Channel.IN_APP, Ask.of(template), facts, make_messages(), NOON)


def template(**changes: Any) -> MessageTemplate:
    """A marketing template."""
    return MessageTemplate.model_validate(make_template(**changes))


def rome(*parts: int, fold: int = 0) -> datetime:
    """A wall-clock time in Rome, as an instant."""
    return datetime(*parts, tzinfo=ROME, fold=fold).astimezone(UTC)  # type: ignore[arg-type,misc]


def test_a_member_who_agreed_is_pushed() -> None:
    """The control of every refusal below: with nothing in the way the answer is yes, now."""
    verdict = may_push(template(), facts(), make_messages(), NOON)
    assert (verdict.outcome, verdict.reason, verdict.send_at) == (Outcome.SENT, Reason.ALLOWED, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"active": False}, Reason.MEMBER_GONE),
        ({"granted": frozenset()}, Reason.NO_CONSENT),
        ({"granted": frozenset({(Purpose.MARKETING, Channel.EMAIL)})}, Reason.NO_CONSENT),
        ({"granted": frozenset({(Purpose.SURVEYS, Channel.PUSH)})}, Reason.NO_CONSENT),
        ({"targets_count": 0}, Reason.NO_TARGET),
        ({"pushed_at": (NOON - timedelta(hours=1),) * 3}, Reason.DAILY_CAP),
        ({"pushed_at": tuple(NOON - timedelta(days=1 + n % 6) for n in range(10))}, Reason.WEEKLY_CAP),
    ],
)
def test_each_reason_to_keep_silent_stops_a_push(changes: dict[str, Any], reason: Reason) -> None:
    """Silence, another channel's or purpose's consent, no phone, a full day or week: each stops it, and is named."""
    verdict = may_push(template(), facts(**changes), make_messages(), NOON)
    assert (verdict.outcome, verdict.reason) == (Outcome.SUPPRESSED, reason)


def test_yesterday_and_last_week_do_not_count() -> None:
    """A day is the member's calendar day: what left at 23:59 yesterday takes nothing from today."""
    midnight = rome(2026, 11, 20, 0, 0)
    yesterday = (midnight - timedelta(minutes=1),) * 3
    assert may_push(template(), facts(pushed_at=yesterday), make_messages(), NOON).outcome is Outcome.SENT
    today = (midnight,) * 3
    assert may_push(template(), facts(pushed_at=today), make_messages(), NOON).reason is Reason.DAILY_CAP
    last_week = (NOON - timedelta(days=7),) * 50
    assert may_push(template(), facts(pushed_at=last_week), make_messages(), NOON).outcome is Outcome.SENT


def test_a_push_put_off_till_tomorrow_uses_up_tomorrow() -> None:
    """The cap is that of the day on which the push leaves, not of the day on which it was decided."""
    night = rome(2026, 11, 20, 22, 0)
    tomorrow = (rome(2026, 11, 21, 8, 0),) * 3
    assert may_push(template(), facts(pushed_at=tomorrow), make_messages(), night).reason is Reason.DAILY_CAP
    today = (rome(2026, 11, 20, 12, 0),) * 3
    assert may_push(template(), facts(pushed_at=today), make_messages(), night).outcome is Outcome.DEFERRED


def test_urgent_ignores_clock_and_caps_but_not_consent() -> None:
    """What the member asked for comes at night too; never without consent."""
    night, urgent = rome(2026, 11, 20, 23, 0), template(priority="urgent")
    assert may_push(urgent, facts(pushed_at=(night,) * 9), make_messages(), night).outcome is Outcome.SENT
    assert may_push(urgent, facts(granted=frozenset()), make_messages(), night).reason is Reason.NO_CONSENT


def test_a_service_message_needs_a_phone_that_expressly_allows_it() -> None:
    """No consent of the programme's, but the phone owner's yes: "not asked yet" is not enough."""
    service = template(purpose="service")
    assert may_push(service, facts(granted=frozenset()), make_messages(), NOON).outcome is Outcome.SENT
    unasked = facts(granted=GRANTED, permitted_count=0)
    assert may_push(service, unasked, make_messages(), NOON).reason is Reason.NO_TARGET


def test_a_template_that_names_no_purpose_needs_consent() -> None:
    """Whoever forgets the line in the programme file gets the stricter rule."""
    forgotten = make_template()
    del forgotten["purpose"]
    silent = facts(granted=frozenset())
    assert (
        may_push(MessageTemplate.model_validate(forgotten), silent, make_messages(), NOON).reason is Reason.NO_CONSENT
    )


def test_in_the_app_only_a_spoken_no_counts() -> None:
    """The member opened the app: silence lets a message wait there, a refusal does not."""
    assert may_show(template(), facts(granted=frozenset())).outcome is Outcome.SENT
    refused = facts(refused=frozenset({(Purpose.MARKETING, Channel.IN_APP)}))
    assert may_show(template(), refused).reason is Reason.NO_CONSENT
    assert may_show(template(), facts(active=False)).reason is Reason.MEMBER_GONE


def test_what_would_expire_before_morning_is_dropped() -> None:
    """A message that matters for two hours is not sent ten hours later."""
    night = rome(2026, 11, 20, 22, 0)
    verdict = may_push(template(expires_hours=2), facts(), make_messages(), night)
    assert (verdict.outcome, verdict.reason) == (Outcome.SUPPRESSED, Reason.QUIET_HOURS)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (rome(2026, 11, 20, 20, 59), None),
        (rome(2026, 11, 20, 21, 0), rome(2026, 11, 21, 8, 0)),
        (rome(2026, 11, 20, 23, 59), rome(2026, 11, 21, 8, 0)),
        (rome(2026, 11, 21, 0, 0), rome(2026, 11, 21, 8, 0)),
        (rome(2026, 11, 21, 7, 59), rome(2026, 11, 21, 8, 0)),
        (rome(2026, 11, 21, 8, 0), None),
        # The night of 28 March 2026 to summer time is an hour shorter, that of 25 October an hour longer.
        (rome(2026, 3, 28, 21, 0), datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
        (rome(2026, 10, 24, 21, 0), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
        (rome(2026, 12, 31, 23, 0), rome(2027, 1, 1, 8, 0)),
    ],
)
def test_quiet_hours_over_midnight_and_the_change_of_clocks(now: datetime, until: datetime | None) -> None:
    """The night ends at eight on the member's wall clock, however long that night is."""
    assert quiet_until(NIGHT, "Europe/Rome", now) == until


def test_quiet_hours_are_the_members_own() -> None:
    """At one instant it is night in Tokyo and day in Rome."""
    assert quiet_until(NIGHT, "Asia/Tokyo", NOON + timedelta(hours=2)) is not None
    assert quiet_until(NIGHT, "Europe/Rome", NOON + timedelta(hours=2)) is None


def test_an_end_that_comes_twice_or_never() -> None:
    """Half past two came twice on 25 October 2026 and never on 29 March: neither traps nor loses a message."""
    small = QuietHours(starts=time(1), ends=time(2, 30))
    first, second = rome(2026, 10, 25, 2, 30), rome(2026, 10, 25, 2, 30, fold=1)
    assert second - first == timedelta(hours=1)
    assert quiet_until(small, "Europe/Rome", rome(2026, 10, 25, 2, 10)) == first
    assert quiet_until(small, "Europe/Rome", rome(2026, 10, 25, 2, 10, fold=1)) == second
    gap = quiet_until(small, "Europe/Rome", rome(2026, 3, 29, 1, 30))
    assert gap == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert gap.astimezone(ROME).time() == time(3, 30)


def test_equal_ends_mean_no_quiet_hours() -> None:
    """From eight to eight is read as none at all, not as always."""
    assert quiet_until(QuietHours(starts=time(8), ends=time(8)), "Europe/Rome", rome(2026, 11, 20, 8, 0)) is None
    assert quiet_until(None, "Europe/Rome", NOON) is None


ZONES = [
    "Europe/Rome",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "UTC",
    "Africa/Casablanca",
]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
    st.times(),
    st.times(),
)
@example(datetime(2026, 10, 25, 0, 10, tzinfo=UTC), "Europe/Rome", time(1), time(2, 30))
def test_quiet_hours_always_end(now: datetime, zone: str, starts: time, ends: time) -> None:
    """The end lies after now, within 25 hours, and a message that waited for it may then leave."""
    hours = QuietHours(starts=starts.replace(microsecond=0), ends=ends.replace(microsecond=0))
    until = quiet_until(hours, zone, now)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert quiet_until(hours, zone, until) is None


def test_limits_of_the_file_are_the_limits() -> None:
    """The programme's own numbers decide: one a day means one a day, none means none."""
    once = facts(pushed_at=(NOON,))
    assert may_push(template(), once, make_messages(pushes_per_day_max=1), NOON).reason is Reason.DAILY_CAP
    assert may_push(template(), once, make_messages(pushes_per_day_max=2), NOON).outcome is Outcome.SENT
    assert may_push(template(), facts(), make_messages(pushes_per_day_max=0), NOON).reason is Reason.DAILY_CAP
