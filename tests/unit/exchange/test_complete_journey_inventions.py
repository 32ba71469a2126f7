"""What is made up for the demo follows from numbers alone, and is plainly nobody's."""

import re
from datetime import date, datetime, timedelta

import pytest

pytest.importorskip("duckdb")

from fedele.adapters.complete_journey.people import person
from fedele.adapters.complete_journey.source import LAST_DAY, weeks_until
from fedele.adapters.complete_journey.stores import store_key, store_position
from fedele.adapters.complete_journey.wording import product_name
from fedele.adapters.complete_journey.writing import returned_line


def test_a_household_is_always_the_same_person() -> None:
    """Two runs, and two machines, invent the same people; all four languages are among them."""
    assert person(7) == person(7)
    people = [person(number) for number in range(1, 400)]
    assert {who.locale for who in people} == {"en", "it", "ru", "ar"}
    assert all(who.email.endswith("@example.org") for who in people)
    assert all(re.fullmatch(r"\d\d-\d\d", who.birthday) for who in people)


@pytest.mark.parametrize("today", [date(2026, 11, 15), date(2026, 11, 16), date(2026, 11, 21), date(2027, 2, 28)])
def test_dates_move_by_whole_weeks_and_never_past_today(today: date) -> None:
    """The last day is as near to today as weekdays allow."""
    moved = LAST_DAY + weeks_until(today)
    assert moved <= today < moved + timedelta(weeks=1)
    assert moved.weekday() == LAST_DAY.weekday()


def test_stores_lie_in_the_city() -> None:
    """Every made-up store is within twenty kilometres of its middle."""
    for store in range(200, 500):
        latitude, longitude = store_position(store)
        assert abs(latitude - 39.97) < 0.18
        assert abs(longitude + 83.0) < 0.24
    assert store_key(367) == "store-367"


def test_products_have_readable_names() -> None:
    """Abbreviations are spelt out, the size follows, own brands carry the grocer's name."""
    assert product_name("ICE - CRUSHED/CUBED", "FRZN ICE", "National", "22 LB") == "Ice, crushed/cubed, 22 lb"
    assert product_name(None, "FRZN ICE", "Private", None) == "Harvest Lane frozen ice"
    assert product_name(None, None, "National", " ") == "Article"


def test_of_every_61st_basket_the_dearest_line_comes_back() -> None:
    """The rule that the second calculation repeats: whole, the first of equals, three days later, never after today."""
    at = datetime(2017, 5, 1, 12)
    basket = [(1, 2, 3, at, 100 + n, 1, cents, 0, 61) for n, cents in enumerate((100, 300, 300))]
    by = timedelta(weeks=463)
    assert returned_line(basket, date(2026, 11, 21), by) == 2
    assert returned_line([(*row[:8], 60) for row in basket], date(2026, 11, 21), by) is None
    assert returned_line(basket, (at + by).date() + timedelta(days=2), by) is None
    assert returned_line([(*row[:6], 0, 0, 61) for row in basket], date(2026, 11, 21), by) is None
