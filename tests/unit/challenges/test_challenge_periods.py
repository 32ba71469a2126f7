"""Periods and windows follow the programme's calendar, also when clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest

from fedele.domains.challenges.config import Calendar, Challenge
from fedele.domains.challenges.periods import first_day, index_of, local_day, next_first_day, window_of

NEW_YORK = "America/New_York"
AWARD = {"units": {"currency": "points", "amount": 10}}
JOINED = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)


def challenge(**given: object) -> Challenge:
    """Three purchases."""
    values = {"key": "three", "name": "Three", "goal": {"type": "purchases", "target": 3}, "award": AWARD}
    return Challenge.model_validate(values | given)


@pytest.mark.parametrize("every", ["day", "week", "month", "quarter", "year"])
def test_every_day_of_three_years_lies_in_one_period_and_periods_follow_each_other(every: Calendar) -> None:
    """First days never go backwards, the next one's number is one more, and no day is left out."""
    day = date(2024, 1, 1)
    while day < date(2027, 1, 1):
        first = first_day(every, day)
        after = next_first_day(every, first)
        assert first <= day < after
        assert index_of(every, after) == index_of(every, first) + 1
        day += timedelta(days=1)


def test_weeks_begin_on_monday() -> None:
    """Sunday belongs to the week before."""
    assert first_day("week", date(2026, 11, 22)) == date(2026, 11, 16)
    assert first_day("week", date(2026, 11, 23)) == date(2026, 11, 23)


def test_days_in_a_row_are_in_a_row_when_clocks_change() -> None:
    """The days around both changes of New York's clocks are neighbours, though 23 and 25 hours long."""
    for change in (date(2026, 3, 8), date(2026, 11, 1)):
        noon = datetime(change.year, change.month, change.day, 17, tzinfo=UTC)
        days = [index_of("day", local_day(noon + timedelta(days=n), NEW_YORK)) for n in (-1, 0, 1)]
        assert days == [days[0], days[0] + 1, days[0] + 2]


def test_a_late_evening_belongs_to_the_local_day() -> None:
    """23:30 on 30 November in New York is December in UTC, and counts for November."""
    window = window_of(challenge(per="month"), datetime(2026, 12, 1, 4, 30, tzinfo=UTC), JOINED, NEW_YORK)
    assert window is not None
    assert window.period == "2026-11-01"
    assert window.ends_at == datetime(2026, 12, 1, 5, tzinfo=UTC)


def test_days_from_joining_are_whole_local_days() -> None:
    """Joined on 1 March at noon for 14 days: the last instant is before the midnight that begins 15 March."""
    one = challenge(days_from_joining=14)
    last = datetime(2026, 3, 15, 3, 59, 59, tzinfo=UTC)  # 23:59:59 of the 14th, daylight time since the 8th
    assert window_of(one, last, JOINED, NEW_YORK) is not None
    assert window_of(one, last + timedelta(seconds=1), JOINED, NEW_YORK) is None
    assert window_of(one, JOINED - timedelta(seconds=1), JOINED, NEW_YORK) is None


def test_dates_cut_the_window() -> None:
    """Outside the dates nothing counts; inside, the window ends with them if they end first."""
    one = challenge(per="month", dates={"starts": "2026-11-10", "ends": "2026-11-20"})
    assert window_of(one, datetime(2026, 11, 9, 17, tzinfo=UTC), JOINED, NEW_YORK) is None
    window = window_of(one, datetime(2026, 11, 15, 17, tzinfo=UTC), JOINED, NEW_YORK)
    assert window is not None
    assert (window.starts_at, window.ends_at) == (
        datetime(2026, 11, 10, 5, tzinfo=UTC),
        datetime(2026, 11, 21, 5, tzinfo=UTC),
    )
