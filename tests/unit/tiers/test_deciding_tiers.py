"""Tiers go up at once and down when what protects them has ended, in the programme's own days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.tiers.standing import TierRules, decide, decide_after_return, status
from fedele.domains.tiers.types import Standing
from tests.factories.programme import make_programme

JOINED = datetime(2025, 3, 10, 9, tzinfo=UTC)
HEAD = """
format: 1
programme: {key: t, name: T, time_zone: Europe/Rome, home_currency: EUR}
currencies: [{key: points, name: points}]
tiers:
  levels:
    - {key: blue, name: Blue, threshold: 0}
    - {key: gold, name: Gold, threshold: 350, benefits: [{key: lounge, text: Lounge}]}
    - {key: black, name: Black, threshold: 1000}
"""


def tier_rules(window: str, grace: str = "{}", counter: str = "{type: spend}") -> TierRules:
    """Three levels over this window."""
    return TierRules.of(make_programme(HEAD + f"  window: {window}\n  grace: {grace}\n  counter: {counter}\n"))


ROLLING = tier_rules("{type: rolling, months: 12}")
CALENDAR = tier_rules("{type: calendar_year, kept_years: 1}")
ANNIVERSARY = tier_rules("{type: anniversary}")


def noon(text: str) -> datetime:
    """Noon of a day in Rome, nearly."""
    return datetime.fromisoformat(text).replace(hour=11, tzinfo=UTC)


def midnight_before(text: str) -> datetime:
    """The instant at which this day begins in Rome, in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=1)


def test_the_purchase_that_reaches_the_threshold_raises_the_tier_at_once() -> None:
    """350.00 to the cent is gold, a cent less is not."""
    day = date(2026, 3, 1)
    at = noon("2026-03-01")
    assert decide(CALENDAR, Standing(), {day: 34_999}, at, JOINED).standing.tier is None
    decision = decide(CALENDAR, Standing(), {day: 35_000}, at, JOINED)
    assert (decision.standing.tier, decision.reason) == ("gold", "upgrade")


def test_a_calendar_tier_is_kept_to_the_end_of_the_next_year() -> None:
    """Sephora: 400.00 in March 2026 is VIB until 31 December 2027 is over, and not a moment longer."""
    days = {date(2026, 3, 1): 40_000}
    gold = decide(CALENDAR, Standing(), days, noon("2026-03-01"), JOINED).standing
    assert gold.kept_until == midnight_before("2028-01-01")
    before, after = midnight_before("2028-01-01") - timedelta(seconds=1), midnight_before("2028-01-01")
    assert decide(CALENDAR, gold, days, before, JOINED).standing.tier == "gold"
    fallen = decide(CALENDAR, gold, days, after, JOINED)
    assert (fallen.standing.tier, fallen.reason) == ("blue", "downgrade")


def test_a_fall_goes_to_what_the_year_between_earned() -> None:
    """Black by 2026, gold by 2027: when black ends, gold is what is left, until the end of 2028."""
    days = {date(2026, 3, 1): 100_000, date(2027, 3, 1): 40_000}
    black = decide(CALENDAR, Standing(), {date(2026, 3, 1): 100_000}, noon("2026-03-01"), JOINED).standing
    fallen = decide(CALENDAR, black, days, noon("2028-01-15"), JOINED).standing
    assert (fallen.tier, fallen.kept_until) == ("gold", midnight_before("2029-01-01"))


def test_a_rolling_tier_ends_when_the_spending_that_made_it_is_a_year_old() -> None:
    """300 in January and 100 in March: without the January money it no longer suffices."""
    days = {date(2026, 1, 10): 30_000, date(2026, 3, 10): 10_000}
    gold = decide(ROLLING, Standing(), days, noon("2026-03-10"), JOINED).standing
    assert gold.kept_until == midnight_before("2027-01-10")


def test_grace_keeps_a_tier_a_while_longer() -> None:
    """A month of grace after the twelve."""
    rules = tier_rules("{type: rolling, months: 12}", "{months: 1}")
    days = {date(2026, 1, 10): 40_000}
    gold = decide(rules, Standing(), days, noon("2026-01-10"), JOINED).standing
    assert gold.kept_until == midnight_before("2027-02-10")
    assert decide(rules, gold, {}, noon("2027-01-20"), JOINED).standing.tier == "gold"


def test_a_late_sweep_dates_the_fall_to_when_it_happened() -> None:
    """A worker that slept for a week does not give a week of gold away in the history."""
    days = {date(2026, 3, 1): 40_000}
    gold = decide(CALENDAR, Standing(), days, noon("2026-03-01"), JOINED).standing
    assert decide(CALENDAR, gold, days, noon("2028-01-08"), JOINED).standing.since == gold.kept_until


def test_an_anniversary_window_is_the_members_own_year() -> None:
    """Joined on 10 March: what was spent on the 9th is of the old year, but its tier is still kept."""
    days = {date(2026, 3, 9): 40_000}
    gold = decide(ANNIVERSARY, Standing(), days, noon("2026-03-09"), JOINED).standing
    assert gold.tier == "gold"
    assert decide(ANNIVERSARY, gold, days, noon("2026-03-11"), JOINED).standing.tier == "gold"
    fresh = status(ANNIVERSARY, gold, days, noon("2026-03-11"), JOINED)
    assert fresh is not None
    assert fresh.counted == 0


def test_visits_count_days_not_receipts() -> None:
    """Three receipts on a day are one visit."""
    rules = tier_rules("{type: rolling}", counter="{type: visits}")
    shown = status(rules, Standing(), {date(2026, 1, 1): 3, date(2026, 1, 2): 1}, noon("2026-01-03"), JOINED)
    assert shown is not None
    assert shown.counted == 2


def test_status_says_what_is_missing() -> None:
    """Gold with 400.00 of the 1,000.00 that black takes."""
    days = {date(2026, 3, 1): 40_000}
    gold = decide(CALENDAR, Standing(), days, noon("2026-03-01"), JOINED).standing
    shown = status(CALENDAR, gold, days, noon("2026-03-02"), JOINED)
    assert shown is not None
    assert (shown.current, shown.next, shown.missing, shown.benefits) == ("gold", "black", 60_000, ("lounge",))
    assert shown.qualify_until == midnight_before("2027-01-01")


def test_a_return_takes_back_a_tier_that_was_never_earned_but_not_one_in_its_grace() -> None:
    """What the returned goods had made is undone at once; a tier that merely outlives its spending stays."""
    day = date(2026, 3, 1)
    gold = decide(CALENDAR, Standing(), {day: 40_000}, noon("2026-03-01"), JOINED).standing
    undone = decide_after_return(CALENDAR, gold, {day: 40_000}, {day: 30_000}, noon("2026-03-05"), JOINED)
    assert (undone.standing.tier, undone.reason) == ("blue", "return")
    graceful = decide_after_return(CALENDAR, gold, {day: 1_000}, {day: 0}, noon("2026-03-05"), JOINED)
    assert graceful.standing == gold


def test_a_tier_that_the_programme_gave_up_falls_to_what_is_earned() -> None:
    """A key that is no longer in the file cannot be stood on."""
    old = Standing("platinum", noon("2026-01-01"), noon("2027-01-01"))
    decision = decide(CALENDAR, old, {date(2026, 3, 1): 40_000}, noon("2026-03-01"), JOINED)
    assert (decision.standing.tier, decision.reason) == ("gold", "downgrade")


@pytest.mark.parametrize("rules", [ROLLING, CALENDAR, ANNIVERSARY], ids=["rolling", "calendar", "anniversary"])
@given(spent=st.dictionaries(st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.integers(0, 120_000), max_size=8))
def test_spending_more_never_lowers_a_tier_and_deciding_twice_changes_nothing(
    rules: TierRules, spent: dict[date, int]
) -> None:
    """Day by day, each judged twice: the second time says the same; and no judgement is overdue when it is made."""
    standing, days = Standing(), {}
    for day, amount in sorted(spent.items()):
        at = noon(day.isoformat())
        standing = decide(rules, standing, days, at, JOINED).standing
        lower = rules.place(standing.tier)
        days[day] = amount
        standing = decide(rules, standing, days, at, JOINED).standing
        assert rules.place(standing.tier) >= lower
        assert decide(rules, standing, days, at, JOINED).standing == standing
        assert standing.kept_until is None or standing.kept_until > at
