"""A term ends on the programme's clock, on the day of the month on which the first one began."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fedele.domains.memberships.lengths import after, before, end_of_term
from fedele.domains.programme.types import Period

ROME = "Europe/Rome"


def local(year: int, month: int, day: int, hour: int = 12) -> datetime:
    """A time in Rome."""
    return datetime(year, month, day, hour, tzinfo=ZoneInfo(ROME))


def test_the_thirty_first_comes_back_after_february() -> None:
    """31 January, 28 February, 31 March, 30 April: February shortens one term, not all that follow."""
    anchor = ends = local(2026, 1, 31)
    days = []
    for _ in range(4):
        ends = end_of_term(ends, Period(months=1), ROME, anchor)
        days.append((ends.month, ends.day, ends.hour))
    assert days == [(2, 28, 12), (3, 31, 12), (4, 30, 12), (5, 31, 12)]


def test_a_year_from_the_leap_day_comes_back_to_it() -> None:
    """29 February 2028 renews on 28 February, and on the 29th of the next leap year."""
    anchor = local(2028, 2, 29)
    first = end_of_term(anchor, Period(years=1), ROME, anchor)
    assert (first.month, first.day) == (2, 28)
    later = end_of_term(local(2031, 2, 28), Period(years=1), ROME, anchor)
    assert (later.month, later.day) == (2, 29)


def test_the_hour_is_the_clocks_over_a_change_of_time() -> None:
    """Noon stays noon: from 28 to 29 March 2026 Rome has 23 hours."""
    began = local(2026, 3, 28)
    ended = after(began, Period(days=1), ROME)
    assert (ended.hour, (ended.astimezone(UTC) - began.astimezone(UTC)).total_seconds() / 3600) == (12, 23)


def test_charging_ahead_is_rather_too_early() -> None:
    """A day before noon is noon of the day before; a month before is 31 days."""
    assert before(local(2026, 3, 31), Period(days=1), ROME) == local(2026, 3, 30)
    assert before(local(2026, 3, 31), Period(months=1), ROME) == local(2026, 2, 28)
