"""Hours of offers when clocks change, over midnight, on holidays, by recurrence rules, beyond the polar circle."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fedele.domains.offers.timing.schedule import (
    Recurrence,
    Schedule,
    Stretch,
    instant_of,
    next_stretches,
    open_stretch,
    place_stretch,
    stretch_of,
)
from fedele.domains.programme.config import Place

NEW_YORK, ROME, LORD_HOWE = "America/New_York", "Europe/Rome", "Australia/Lord_Howe"
LONGYEARBYEN, APIA, NUUK = "Arctic/Longyearbyen", "Pacific/Apia", "America/Nuuk"


def schedule(**given: Any) -> Schedule:
    """A schedule as the file writes it."""
    return Schedule.model_validate(given)


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def hours(stretch: Stretch | None) -> float:
    """How long a stretch is."""
    assert stretch is not None, "there is such a stretch"
    return (stretch.ends_at - stretch.starts_at) / timedelta(hours=1)


def test_a_window_in_the_spring_gap_begins_when_the_gap_ends() -> None:
    """On 8 March 2026 New York has no 02:30: a window from 02:30 opens at 03:00, and is half an hour shorter."""
    assert instant_of(date(2026, 3, 8), time(2, 30), NEW_YORK) == utc(2026, 3, 8, 7, 0)
    stretch = stretch_of(date(2026, 3, 8), time(2, 30), time(4, 0), NEW_YORK)
    assert stretch == Stretch(utc(2026, 3, 8, 7, 0), utc(2026, 3, 8, 8, 0))
    assert stretch_of(date(2026, 3, 8), time(2, 10), time(2, 50), NEW_YORK) is None  # all of it is left out


def test_an_hour_that_comes_twice_is_one_stretch() -> None:
    """On 1 November 2026 New York has 01:30 twice: a window from 01:00 to 01:45 lasts through both, without a break."""
    offer = schedule(windows=[{"opens": "01:00", "closes": "01:45"}])
    stretch = open_stretch(offer, utc(2026, 11, 1, 5, 30), NEW_YORK)
    assert stretch == Stretch(utc(2026, 11, 1, 5, 0), utc(2026, 11, 1, 6, 45))
    for minutes in (0, 50, 61, 104):  # 01:50 the first time lies within too: the door stays open
        assert open_stretch(offer, utc(2026, 11, 1, 5, 0) + timedelta(minutes=minutes), NEW_YORK) == stretch
    assert open_stretch(offer, utc(2026, 11, 1, 6, 45), NEW_YORK) is None


def test_half_hour_changes_of_lord_howe() -> None:
    """A gap of thirty minutes is as good as one of sixty."""
    assert instant_of(date(2026, 10, 4), time(2, 15), LORD_HOWE).astimezone(ZoneInfo(LORD_HOWE)).time() == time(2, 30)


def test_a_day_that_never_was() -> None:
    """Samoa left out 30 December 2011: nothing opens on it, and the day after is whole."""
    assert stretch_of(date(2011, 12, 30), time(9), time(17), APIA) is None
    assert hours(stretch_of(date(2011, 12, 31), time(9), time(17), APIA)) == 8


def test_a_night_belongs_to_the_weekday_on_which_it_opens() -> None:
    """Friday 22:00 to 02:00 is open on Saturday at one, and not on Friday at one; clocks change it."""
    offer = schedule(windows=[{"days": "fri", "opens": "22:00", "closes": "02:00"}])
    saturday_one = datetime(2026, 6, 6, 1, 0, tzinfo=ZoneInfo(ROME)).astimezone(UTC)
    assert hours(open_stretch(offer, saturday_one, ROME)) == 4
    assert open_stretch(offer, saturday_one - timedelta(days=1), ROME) is None
    autumn = schedule(windows=[{"days": "sat", "opens": "22:00", "closes": "05:00"}])
    assert hours(open_stretch(autumn, utc(2026, 10, 25, 0, 30), ROME)) == 8  # 24/25 October: an hour more
    assert hours(open_stretch(autumn, utc(2026, 3, 29, 0, 30), ROME)) == 6  # 28/29 March: an hour less


def test_a_whole_day_has_the_length_it_has() -> None:
    """00:00 to 24:00 is 23, 24 or 25 hours."""
    days = [date(2026, 3, 29), date(2026, 6, 1), date(2026, 10, 25)]
    assert [hours(stretch_of(day, time(0), time.max, ROME)) for day in days] == [23, 24, 25]


def test_beyond_the_polar_circle_hours_are_those_of_the_clock() -> None:
    """In the polar night and under the midnight sun a window is what the wall clock says; clocks change there too."""
    offer = schedule(windows=[{"opens": "07:00", "closes": "10:00"}])
    for month in (1, 6, 12):
        noon = datetime(2026, month, 21, 8, 0, tzinfo=ZoneInfo(LONGYEARBYEN)).astimezone(UTC)
        assert hours(open_stretch(offer, noon, LONGYEARBYEN)) == 3
    # Greenland changes its clocks on Saturday evening: the last hour before midnight is left out.
    assert instant_of(date(2026, 3, 28), time(23, 30), NUUK) == utc(2026, 3, 29, 1, 0)


def test_the_first_friday_of_the_month() -> None:
    """A recurrence gives days, `opens` and `closes` the hours, local and safe over changes of clocks."""
    offer = schedule(
        recurrences=[{"rrule": "FREQ=MONTHLY;BYDAY=1FR", "starts": "2026-01-01", "opens": "18:00", "closes": "01:00"}]
    )
    coming = next_stretches(offer, utc(2026, 3, 1), utc(2026, 5, 1), ROME)
    assert [stretch.starts_at for stretch in coming] == [utc(2026, 3, 6, 17), utc(2026, 4, 3, 16)]
    assert open_stretch(offer, utc(2026, 3, 6, 23, 30), ROME) is not None
    assert open_stretch(offer, utc(2026, 3, 13, 20), ROME) is None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=HOURLY", "FREQ must be"),
        ("FREQ=DAILY;BYHOUR=8", "BYHOUR"),
        ("FREQ=MONTHLY;BYDAY=9XX", "RFC 5545"),
        ("every friday", "cannot be used"),
    ],
)
def test_rules_that_are_none_are_refused(rule: str, words: str) -> None:
    """Hours come from opens and closes; nonsense is named."""
    with pytest.raises(ValidationError, match=words):
        Recurrence.model_validate({"rrule": rule, "starts": "2026-01-01"})


def test_a_rule_that_never_occurs_is_refused() -> None:
    """30 February is no day."""
    with pytest.raises(ValidationError, match="never occurs"):
        schedule(recurrences=[{"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20360101", "starts": "2026-01-01"}])


def test_holidays_replace_a_weekdays_hours() -> None:
    """Closed at Christmas of every year, shorter on the eve; the night before a holiday still runs into it."""
    place = Place.model_validate(
        {
            "key": "bar", "name": "Bar", "latitude": 45.0, "longitude": 9.0,
            "hours": [{"opens": "18:00", "closes": "02:00"}],
            "special_days": [
                {"date": "2026-12-25", "every_year": True},
                {"date": "2026-12-31", "hours": [{"opens": "20:00", "closes": "05:00"}]},
            ],
        }
    )  # fmt: skip
    assert hours(place_stretch(place, utc(2026, 12, 25, 0, 30), ROME)) == 8  # type: ignore[arg-type]  # of the eve
    assert place_stretch(place, utc(2027, 12, 25, 20), ROME) is None
    assert hours(place_stretch(place, utc(2027, 1, 1, 3), ROME)) == 9  # type: ignore[arg-type]
    always = place.model_copy(update={"hours": (), "special_days": ()})
    assert place_stretch(always, utc(2026, 12, 25, 20), ROME) == "always"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([NEW_YORK, ROME, LORD_HOWE, LONGYEARBYEN, NUUK, "Asia/Kathmandu", "Africa/Casablanca"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    st.integers(1, 23),
)
def test_whoever_reads_an_unambiguous_clock_is_right(zone: str, moment: datetime, opens: time, length: int) -> None:
    """Where the clock shows an hour once, a stretch holds exactly the instants whose wall clock lies within."""
    closes = (datetime.combine(date(2026, 1, 1), opens) + timedelta(hours=length)).time()
    window = schedule(windows=[{"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}])
    instant = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    local = instant.astimezone(ZoneInfo(zone))
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return  # an hour that comes twice is held open through both: see above
    clock = local.time()
    inside = opens <= clock < closes if opens < closes else clock >= opens or clock < closes
    edges = [instant_of(local.date() + timedelta(days=d), edge, zone) for d in (-1, 0, 1) for edge in (opens, closes)]
    near_change = any(
        edge.astimezone(ZoneInfo(zone)).utcoffset() != local.utcoffset() and abs(edge - instant) < timedelta(hours=26)
        for edge in edges
    )
    if not near_change:
        assert (open_stretch(window, instant, zone) is not None) is inside
