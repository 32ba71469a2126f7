"""A granted tier lies over the earned one: the higher counts, and nothing of the grant is left when it ends."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.tiers.rules import TierRules
from fedele.domains.tiers.standing import decide, decide_after_return
from fedele.domains.tiers.types import Grant, GrantId, Standing
from fedele.kernel.ids import new_id
from tests.factories.programme import make_programme

JOINED = datetime(2025, 3, 10, 9, tzinfo=UTC)
RULES = TierRules.of(
    make_programme(
        """
format: 1
programme: {key: t, name: T, time_zone: UTC, home_currency: EUR}
currencies: [{key: points, name: points}]
tiers:
  window: {type: calendar_year, kept_years: 0}
  levels:
    - {key: blue, name: Blue, threshold: 0}
    - {key: gold, name: Gold, threshold: 350}
    - {key: black, name: Black, threshold: 1000}
"""
    )
)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def day(month: int, of_month: int = 1, year: int = 2026) -> datetime:
    """Noon."""
    return datetime(year, month, of_month, 12, tzinfo=UTC)


def granted(standing: Standing, tier: str, since: datetime, until: datetime | None) -> Standing:
    """The standing with a grant laid on it, as the command lays it."""
    grant = Grant(GrantId(new_id()), tier, since, until)
    with_it = Standing(standing.tier, standing.since, standing.kept_until, (*standing.grants, grant), standing.beneath)
    return decide(RULES, with_it, {}, since, JOINED).standing


def test_a_grant_raises_at_once_and_ends_at_its_instant() -> None:
    """Black until 1 May, then blue again, from that very instant."""
    black = granted(Standing(), "black", day(3), day(5))
    assert (black.tier, black.since, black.kept_until) == ("black", day(3), day(5))
    ended = decide(RULES, black, {}, day(9), JOINED)
    assert (ended.standing.tier, ended.standing.since, ended.reason) == (None, day(5), "grant_ended")
    assert (ended.standing.grants, ended.standing.earned) == ((), None)


def test_what_is_earned_goes_on_beneath_the_grant() -> None:
    """Gold is reached under black: when black ends, gold is there, to its own end."""
    black = granted(Standing(), "black", day(3), day(5))
    days = {date(2026, 4, 1): 40_000}
    under = decide(RULES, black, days, day(4), JOINED)
    assert (under.standing.tier, under.reason, under.standing.beneath.tier) == ("black", None, "gold")
    ended = decide(RULES, under.standing, days, day(6), JOINED)
    assert (ended.standing.tier, ended.standing.since, ended.standing.kept_until) == ("gold", day(5), NEW_YEAR)


def test_a_grant_of_less_than_is_earned_changes_nothing_now() -> None:
    """It counts when the earned tier has ended before it."""
    black = decide(RULES, Standing(), {date(2026, 2, 1): 100_000}, day(2), JOINED).standing
    both = granted(black, "gold", day(3), day(6, year=2027))
    assert (both.tier, both.since, both.kept_until) == ("black", day(2), NEW_YEAR)
    later = decide(RULES, both, {}, day(2, year=2027), JOINED)
    assert (later.standing.tier, later.standing.since, later.reason) == ("gold", NEW_YEAR, "downgrade")


def test_the_last_of_several_grants_decides() -> None:
    """Black to May and gold to July: black, gold from May, blue from July; unseen until then, all the same."""
    both = granted(granted(Standing(), "gold", day(3), day(7)), "black", day(3, 2), day(5))
    june = decide(RULES, both, {}, day(6), JOINED)
    assert (june.standing.tier, june.standing.since, june.standing.kept_until) == ("gold", day(5), day(7))
    assert decide(RULES, both, {}, day(9), JOINED).standing == decide(RULES, june.standing, {}, day(9), JOINED).standing


def test_an_upgrade_above_the_grant_is_an_upgrade() -> None:
    """Gold by grant, black by spending."""
    gold = granted(Standing(), "gold", day(3), day(5))
    rises = decide(RULES, gold, {date(2026, 4, 1): 100_000}, day(4), JOINED)
    assert (rises.standing.tier, rises.reason, rises.standing.since) == ("black", "upgrade", day(4))


def test_a_return_does_not_take_what_was_granted() -> None:
    """The spending that made gold comes back: the granted gold stays, and ends with the grant."""
    days = {date(2026, 2, 1): 40_000}
    gold = decide(RULES, Standing(), days, day(2), JOINED).standing
    both = granted(gold, "gold", day(3), day(5))
    after = decide_after_return(RULES, both, days, {date(2026, 2, 1): 0}, day(4), JOINED)
    assert (after.standing.tier, after.reason) == ("gold", None)
    assert decide(RULES, after.standing, {}, day(5), JOINED).standing.tier == "blue"


def test_a_lifetime_grant_does_not_end() -> None:
    """Without an end it is kept for ever."""
    black = granted(Standing(), "black", day(3), None)
    assert black.kept_until is None
    assert decide(RULES, black, {}, day(3, year=2060), JOINED).standing.tier == "black"


@given(
    spent=st.dictionaries(st.dates(date(2026, 1, 1), date(2028, 12, 31)), st.integers(0, 120_000), max_size=8),
    tier=st.sampled_from(["gold", "black"]),
    month=st.integers(1, 12),
    length=st.integers(1, 700),
)
def test_pitfall_17_once_it_has_ended_a_grant_has_never_been(
    spent: dict[date, int], tier: str, month: int, length: int
) -> None:
    """Two members spend alike, one is given a tier for a while: after its end both stand where they would anyway."""
    plain, given_one, days = Standing(), Standing(), dict[date, int]()
    since = day(month)
    until = since + timedelta(days=length)
    laid = False
    for when in sorted({*spent, since.date(), until.date() + timedelta(days=1), date(2030, 1, 1)}):
        at = datetime(when.year, when.month, when.day, 12, tzinfo=UTC)
        plain = decide(RULES, plain, days, at, JOINED).standing
        given_one = decide(RULES, given_one, days, at, JOINED).standing
        if not laid and at >= since:
            grant = Grant(GrantId(new_id()), tier, at, until)
            with_it = Standing(given_one.tier, given_one.since, given_one.kept_until, (grant,), given_one.beneath)
            given_one = decide(RULES, with_it, days, at, JOINED).standing
            laid = True
        days[when] = days.get(when, 0) + spent.get(when, 0)
        plain = decide(RULES, plain, days, at, JOINED).standing
        given_one = decide(RULES, given_one, days, at, JOINED).standing
        if at >= until:
            assert RULES.place(given_one.tier) == RULES.place(plain.tier)
            assert given_one.kept_until == plain.kept_until
        else:
            assert RULES.place(given_one.tier) >= RULES.place(plain.tier)
