"""A tier that is kept for a period lasts so long from the day it was reached, and is then judged again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.tiers.rules import TierRules
from fedele.domains.tiers.standing import decide, decide_after_return
from fedele.domains.tiers.types import Standing
from fedele.domains.tiers.windows import read_from
from tests.factories.programme import make_programme

JOINED = datetime(2025, 3, 10, 9, tzinfo=UTC)


def stars(window: str = "{type: rolling, months: 12, kept: {months: 12}}", more: str = "") -> TierRules:
    """Starbucks: Gold from 500 Stars in twelve months, Reserve from 2,500; a status lasts twelve months."""
    return TierRules.of(
        make_programme(
            f"""
format: 1
programme: {{key: s, name: S, time_zone: Europe/Rome, home_currency: EUR}}
currencies: [{{key: stars, name: Stars, kind: points, decimals: 1}}]
tiers:
  counter: {{type: earned, currency: stars}}
  window: {window}
  {more}
  levels:
    - {{key: green, name: Green, threshold: 0}}
    - {{key: gold, name: Gold, threshold: 500}}
    - {{key: reserve, name: Reserve, threshold: 2500}}
"""
        )
    )


RULES = stars()


def noon(text: str) -> datetime:
    """Noon of a day in Rome, nearly."""
    return datetime.fromisoformat(text).replace(hour=11, tzinfo=UTC)


def midnight(text: str) -> datetime:
    """The instant at which this day begins in Rome, in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=1)


def test_the_five_hundredth_star_is_gold_for_twelve_months() -> None:
    """Reached on 10 January by Stars of two months: until 10 January of the next year begins."""
    days = {date(2025, 12, 1): 3_000, date(2026, 1, 10): 2_000}
    decision = decide(RULES, Standing(), days, noon("2026-01-10"), JOINED)
    assert (decision.standing.tier, decision.reason) == ("gold", "upgrade")
    assert decision.standing.kept_until == midnight("2027-01-10")


def test_a_tenth_of_a_star_less_is_green() -> None:
    """499.9 Stars."""
    assert decide(RULES, Standing(), {date(2026, 1, 10): 4_999}, noon("2026-01-10"), JOINED).standing.tier is None


def test_stars_that_leave_the_window_do_not_end_the_term() -> None:
    """The Stars of December 2025 are a year old in December 2026, and Gold lasts to January all the same."""
    days = {date(2025, 12, 1): 3_000, date(2026, 1, 10): 2_000}
    gold = decide(RULES, Standing(), days, noon("2026-01-10"), JOINED).standing
    assert decide(RULES, gold, days, noon("2026-12-20"), JOINED).standing == gold


def test_the_term_is_judged_at_its_end_by_what_came_after_it_began() -> None:
    """500 more within the year renew it for a year; the 500 that made it do not count again."""
    first = {date(2026, 1, 10): 5_000}
    gold = decide(RULES, Standing(), first, noon("2026-01-10"), JOINED).standing
    fallen = decide(RULES, gold, first, midnight("2027-01-10"), JOINED)
    assert (fallen.standing.tier, fallen.standing.since, fallen.reason) == (
        "green",
        midnight("2027-01-10"),
        "downgrade",
    )
    renewed = decide(RULES, gold, first | {date(2026, 6, 1): 5_000}, midnight("2027-01-10"), JOINED)
    assert (renewed.standing.tier, renewed.standing.kept_until) == ("gold", midnight("2028-01-10"))
    assert (renewed.standing.since, renewed.reason) == (gold.since, None)


def test_buying_more_within_the_term_does_not_move_its_end() -> None:
    """A term is judged at its end, not at every purchase."""
    days = {date(2026, 1, 10): 5_000}
    gold = decide(RULES, Standing(), days, noon("2026-01-10"), JOINED).standing
    assert decide(RULES, gold, days | {date(2026, 3, 1): 5_000}, noon("2026-03-01"), JOINED).standing == gold


def test_a_higher_tier_begins_a_term_of_its_own() -> None:
    """Reserve on 1 June lasts to the next 1 June; then what the last year had decides: Gold."""
    days = {date(2026, 1, 10): 5_000, date(2026, 6, 1): 20_000}
    gold = decide(RULES, Standing(), {date(2026, 1, 10): 5_000}, noon("2026-01-10"), JOINED).standing
    reserve = decide(RULES, gold, days, noon("2026-06-01"), JOINED).standing
    assert (reserve.tier, reserve.kept_until) == ("reserve", midnight("2027-06-01") - timedelta(hours=1))
    later = days | {date(2026, 12, 1): 6_000}
    fallen = decide(RULES, reserve, later, noon("2027-06-15"), JOINED).standing
    assert (fallen.tier, fallen.since) == ("gold", reserve.kept_until)
    assert fallen.kept_until == midnight("2028-06-01") - timedelta(hours=1)


def test_a_term_that_ended_unnoticed_is_judged_as_of_its_end() -> None:
    """Nobody looked for years: Gold was renewed once, by the Stars of its first year, and ended after the second."""
    days = {date(2026, 1, 10): 5_000, date(2026, 6, 1): 5_000}
    gold = decide(RULES, Standing(), {date(2026, 1, 10): 5_000}, noon("2026-01-10"), JOINED).standing
    fallen = decide(RULES, gold, days, noon("2029-01-01"), JOINED).standing
    assert (fallen.tier, fallen.since) == ("green", midnight("2028-01-10"))


def test_a_purchase_on_the_day_after_the_end_renews_nothing() -> None:
    """It comes too late for the old term: the tier falls, and may be reached anew."""
    days = {date(2026, 1, 10): 5_000, date(2027, 1, 10): 5_000}
    gold = decide(RULES, Standing(), {date(2026, 1, 10): 5_000}, noon("2026-01-10"), JOINED).standing
    again = decide(RULES, gold, days, noon("2027-01-10"), JOINED)
    assert (again.standing.tier, again.standing.since) == ("gold", noon("2027-01-10"))
    assert again.standing.kept_until == midnight("2028-01-10")


def test_a_leap_day_does_not_pay_for_two_years() -> None:
    """Gold on 29 February 2028 ends with 28 February 2029, when that day has left the window."""
    days = {date(2028, 2, 29): 5_000}
    gold = decide(RULES, Standing(), days, noon("2028-02-29"), JOINED).standing
    assert gold.kept_until == midnight("2029-03-01")
    assert decide(RULES, gold, days, midnight("2029-03-01"), JOINED).standing.tier == "green"


def test_grace_comes_after_the_term_and_may_still_save_it() -> None:
    """A month of grace: Stars of that month count for the renewal."""
    rules = stars(more="grace: {months: 1}")
    days = {date(2026, 1, 10): 5_000}
    gold = decide(rules, Standing(), days, noon("2026-01-10"), JOINED).standing
    assert gold.kept_until == midnight("2027-02-10")
    saved = decide(rules, gold, days | {date(2027, 2, 1): 5_000}, midnight("2027-02-10"), JOINED).standing
    assert saved.tier == "gold"


def test_a_return_takes_the_tier_back_or_leaves_it_as_declared() -> None:
    """The purchase that made Gold comes back in May: `demote` ends it at once, `keep` at the end of its term."""
    days = {date(2026, 1, 10): 5_000}
    at = noon("2026-05-01")
    for declared, tier in (("demote", "green"), ("keep", "gold")):
        rules = stars(more=f"on_return: {declared}")
        gold = decide(rules, Standing(), days, noon("2026-01-10"), JOINED).standing
        after = decide_after_return(rules, gold, days, {date(2026, 1, 10): 4_000}, at, JOINED)
        assert after.standing.tier == tier


def test_a_return_of_what_has_left_the_window_still_undoes_the_tier_it_made() -> None:
    """Bought in June, Gold in January with it, brought back a year and a month later: Gold was never earned."""
    days = {date(2025, 6, 20): 3_000, date(2026, 1, 10): 2_000}
    gold = decide(RULES, Standing(), days, noon("2026-01-10"), JOINED).standing
    after = {date(2025, 6, 20): 0, date(2026, 1, 10): 2_000}
    undone = decide_after_return(RULES, gold, days, after, noon("2026-07-20"), JOINED)
    assert (undone.standing.tier, undone.reason) == ("green", "return")


def test_visits_are_counted_by_days_when_their_end_is_sought() -> None:
    """Three receipts on a day are one visit, also for the day on which the count no longer suffices."""
    text = "{key: b, name: B, threshold: 0}, {key: v, name: V, threshold: 2}"
    rules = TierRules.of(
        make_programme(
            "format: 1\nprogramme: {key: v, name: V, time_zone: Europe/Rome, home_currency: EUR}\n"
            "currencies: [{key: points, name: points}]\n"
            f"tiers: {{counter: {{type: visits}}, window: {{type: rolling}}, levels: [{text}]}}\n"
        )
    )
    days = {date(2026, 1, 10): 5, date(2026, 3, 10): 1}
    reached = decide(rules, Standing(), days, noon("2026-03-10"), JOINED).standing
    assert reached.kept_until == midnight("2027-01-10")


def test_a_membership_year_may_be_kept_for_more_years_or_none() -> None:
    """H&M: Plus reached in the year from 10 March 2026 lasts to 10 March 2027, 2028 or 2029 as declared."""
    days = {date(2026, 5, 1): 5_000}
    for years, end in ((0, "2027-03-10"), (1, "2028-03-10"), (2, "2029-03-10")):
        rules = stars(f"{{type: anniversary, kept_years: {years}}}")
        plus = decide(rules, Standing(), days, noon("2026-05-01"), JOINED).standing
        assert (plus.tier, plus.kept_until) == ("gold", midnight(end))


@given(
    spent=st.dictionaries(st.dates(date(2026, 1, 1), date(2029, 12, 31)), st.integers(0, 30_000), max_size=10),
    looks=st.lists(st.dates(date(2026, 1, 1), date(2031, 1, 1)), max_size=6),
)
def test_it_never_matters_how_often_somebody_looked(spent: dict[date, int], looks: list[date]) -> None:
    """Judged at every purchase and in between, or at the purchases alone: the same standing in the end.

    With what `read_from` reads, and not a day more: what is older than that never decides.
    """
    seldom, often, days = Standing(), Standing(), dict[date, int]()
    end = date(2031, 6, 1)
    for day in sorted({*spent, *looks, end}):
        at = noon(day.isoformat())
        read = {when: amount for when, amount in days.items() if when >= read_from(RULES.config, day)}
        often = decide(RULES, often, read, at, JOINED).standing
        if day in spent or day == end:
            seldom = decide(RULES, seldom, read, at, JOINED).standing
        if day in spent:
            days[day] = spent[day]
            read[day] = spent[day]
            often = decide(RULES, often, read, at, JOINED).standing
            seldom = decide(RULES, seldom, read, at, JOINED).standing
        assert often.kept_until is None or often.kept_until > at
    assert RULES.place(often.tier) == RULES.place(seldom.tier)
    assert often.kept_until == seldom.kept_until


@pytest.mark.parametrize("kept", ["{}", "{days: 0}"])
def test_a_term_without_length_is_a_mistake(kept: str) -> None:
    """`kept: {}` would end a tier on the day it was reached."""
    with pytest.raises(Exception, match="kept must be longer than nothing"):
        stars(f"{{type: rolling, kept: {kept}}}")
