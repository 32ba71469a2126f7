"""Units expire at midnights of the programme, and calendars keep their last days."""

from datetime import UTC, date, datetime

import pytest

from fedele.domains.earning.expiry import end_of_day, expires_at
from fedele.domains.programme.config import FixedDateExpiry, InactivityExpiry, NeverExpires, RollingExpiry
from fedele.domains.programme.types import Period

ROME = "Europe/Rome"


def instant(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "period", "then"),
    [
        ("2026-01-31", Period(months=1), "2026-02-28"),
        ("2028-01-31", Period(months=1), "2028-02-29"),
        ("2024-02-29", Period(years=1), "2025-02-28"),
        ("2026-12-15", Period(months=6), "2027-06-15"),
        ("2026-03-28", Period(days=1), "2026-03-29"),
    ],
)
def test_pitfall_8_a_month_after_the_31st_is_the_months_last_day(day: str, period: Period, then: str) -> None:
    """31 January and a month is the end of February, in leap years too."""
    assert period.after(date.fromisoformat(day)) == date.fromisoformat(then)


def test_pitfall_8_the_end_of_a_day_is_the_programmes_midnight_in_summer_and_winter() -> None:
    """The night the clocks change does not move midnight."""
    assert end_of_day(date(2026, 3, 28), ROME) == instant("2026-03-28T23:00")
    assert end_of_day(date(2026, 3, 29), ROME) == instant("2026-03-29T22:00")


@pytest.mark.parametrize(
    ("expiry", "at", "until"),
    [
        (NeverExpires(), "2026-05-20T10:00", None),
        (
            RollingExpiry(type="rolling", period=Period(months=6), end_of="month"),
            "2026-12-15T10:00",
            "2027-06-30T22:00",
        ),
        (RollingExpiry(type="rolling", period=Period(days=30)), "2026-05-20T22:30", "2026-06-20T22:00"),
        (InactivityExpiry(type="inactivity", period=Period(months=12)), "2026-05-20T10:00", "2027-05-20T22:00"),
        (FixedDateExpiry(type="fixed_date", month=12, day=31), "2026-05-20T10:00", "2026-12-31T23:00"),
        (FixedDateExpiry(type="fixed_date", month=1, day=5, years=1), "2026-05-20T10:00", "2028-01-05T23:00"),
    ],
)
def test_units_live_through_their_last_day(expiry: object, at: str, until: str | None) -> None:
    """Each kind of expiry, at the programme's own midnight; 22:30 UTC in May is the next day in Rome."""
    expected = instant(until) if until else None
    assert expires_at(expiry, instant(at), ROME) == expected  # type: ignore[arg-type]
