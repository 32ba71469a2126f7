"""A wait ends on the member's own clock: calendar days over changes of the clocks, times of day, days of the week."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.journeys.config import Wait
from fedele.domains.journeys.waiting import due_at


def wait(**length: Any) -> Wait:
    """A wait of this length."""
    return Wait.model_validate({"key": "w", "type": "wait"} | length)


def due(since: str, zone: str, **length: Any) -> str:
    """When it is over, on the clock of the zone."""
    from zoneinfo import ZoneInfo

    local = datetime.fromisoformat(since).replace(tzinfo=ZoneInfo(zone))
    return due_at(wait(**length), local, zone).astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("since", "length", "over"),
    [
        ("2026-03-10T09:15", {"days": 3}, "2026-03-13T09:15+01:00"),
        ("2026-03-10T09:15", {"hours": 3, "minutes": 5}, "2026-03-10T12:20+01:00"),
        ("2026-03-28T09:00", {"days": 1}, "2026-03-29T09:00+02:00"),  # 23 hours later
        ("2026-03-28T09:00", {"hours": 24}, "2026-03-29T10:00+02:00"),
        ("2026-10-24T09:00", {"days": 1}, "2026-10-25T09:00+01:00"),  # 25 hours later
        ("2026-03-28T02:30", {"days": 1}, "2026-03-29T03:30+02:00"),  # 02:30 does not exist
        ("2026-03-28T12:00", {"at": "02:30"}, "2026-03-29T03:30+02:00"),
        ("2026-10-24T12:00", {"at": "02:30"}, "2026-10-25T02:30+02:00"),  # the first of two
        ("2026-03-10T09:15", {"at": "10:00"}, "2026-03-10T10:00+01:00"),
        ("2026-03-10T10:00", {"at": "10:00"}, "2026-03-10T10:00+01:00"),
        ("2026-03-10T10:01", {"at": "10:00"}, "2026-03-11T10:00+01:00"),
        ("2026-03-10T10:01", {"days": 3, "at": "10:00"}, "2026-03-14T10:00+01:00"),
        ("2026-03-10T09:00", {"at": "24:00"}, "2026-03-11T00:00+01:00"),
        ("2026-03-10T09:15", {"on": ["sat", "sun"], "at": "10:00"}, "2026-03-14T10:00+01:00"),
        ("2026-03-14T10:01", {"on": ["sat"], "at": "10:00"}, "2026-03-21T10:00+01:00"),
        ("2026-03-10T09:15", {"on": ["tue"]}, "2026-03-10T09:15+01:00"),
        ("2026-03-10T09:15", {"on": ["wed"]}, "2026-03-11T00:00+01:00"),
    ],
)
def test_the_end_of_a_wait_in_rome(since: str, length: dict[str, Any], over: str) -> None:
    """Days keep the time of day, hours are hours, and a time that does not exist comes later by the gap."""
    assert due(since, "Europe/Rome", **length) == over


def test_the_second_of_two_half_past_twos_is_not_missed() -> None:
    """Between the two, the next one to come counts."""
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 of the first round in Rome
    assert due_at(wait(at="02:30"), between, "Europe/Rome") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


ZONES = st.sampled_from(
    ["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "Africa/Cairo"]
)
SINCE = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
LENGTHS = st.fixed_dictionaries(
    {"days": st.integers(0, 40), "hours": st.integers(0, 50), "minutes": st.integers(1, 90)},
    optional={
        "at": st.times().map(lambda clock: clock.strftime("%H:%M")),
        "on": st.lists(st.sampled_from(["mon", "wed", "sun"]), min_size=1, max_size=3, unique=True),
    },
)


@given(since=SINCE, zone=ZONES, length=LENGTHS)
def test_a_wait_ends_after_it_began_and_soon_enough(since: datetime, zone: str, length: dict[str, Any]) -> None:
    """It never ends before it began, nor later than its length, a week and two days for weekday and gap."""
    over = due_at(wait(**length), since, zone)
    assert over.tzinfo is UTC
    assert since < over or over - since >= (over - over)
    assert (over - since).total_seconds() <= (length["days"] + 9) * 86_400 + 51 * 3_600 + 90 * 60


@given(since=SINCE, zone=ZONES, length=LENGTHS, more=st.integers(0, 100_000))
def test_who_begins_later_is_not_over_earlier(since: datetime, zone: str, length: dict[str, Any], more: int) -> None:
    """Of two that wait alike, the one who began to wait first goes on first (an hour's change of clocks apart)."""
    from datetime import timedelta

    first = due_at(wait(**length), since, zone)
    second = due_at(wait(**length), since + timedelta(seconds=more), zone)
    assert second >= first - timedelta(hours=1)
