"""Awards are exact to the unit, the same whatever the order of lines, and every rule says why."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.activity.types import Line, Tender
from fedele.domains.earning.evaluation import evaluate_purchase
from fedele.domains.earning.rulebook import Rulebook
from fedele.domains.earning.types import Boost, Earner, Evaluation, RuleUsage, Sale
from fedele.kernel.ids import StoreId
from fedele.kernel.vocabulary import LINE_ENVIRONMENT
from tests.factories.programme import make_programme

AT = datetime(2026, 5, 20, 10, tzinfo=UTC)
HEAD = """
format: 1
programme: {key: t, name: T, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points}
  - {key: stars, name: stars, decimals: 1, rounding: half_up}
"""


def rulebook(earning: str) -> Rulebook:
    """The rules of this `earning` section."""
    return Rulebook.of(make_programme(HEAD + "earning:\n" + earning))


def rule(key: str = "base", **more: Any) -> str:
    """One purchase rule in flow style."""
    fields = {"key": key, "type": "purchase_multiplier", "name": key, "currency": "points"} | more
    return "    - {" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}\n"


def rules(*texts: str, head: str = "") -> Rulebook:
    """A rulebook of these rules."""
    return rulebook(head + "  rules:\n" + "".join(texts))


def sale(*lines: Line, **more: Any) -> Sale:
    """A sale of these lines."""
    return Sale(StoreId("s"), more.pop("at", AT), more.pop("currency", "EUR"), lines, **more)


def line(amount: int, number: int = 1, **more: Any) -> Line:
    """A line of so many cents."""
    return Line(number, Decimal(1), amount, **more)


def told(evaluation: Evaluation, key: str) -> tuple[str, int]:
    """What became of a rule."""
    (found,) = [told for told in evaluation.trace if told.rule == key]
    return found.outcome, found.units


lines_strategy = st.lists(
    st.builds(
        lambda amount, tax, kind, category: (amount, min(tax, amount), kind, category),
        st.integers(0, 100_000),
        st.integers(0, 20_000),
        st.sampled_from(["goods", "gift_card", "delivery", "service"]),
        st.sampled_from(["FRESH", "DRY", None]),
    ),
    min_size=1,
    max_size=8,
).map(lambda rows: [Line(n + 1, Decimal(1), a, t, 0, k, None, None, c) for n, (a, t, k, c) in enumerate(rows)])

BEST = rules(
    rule("base", group="g"),
    rule("fresh", group="g", multiplier="1.5", when="\"line.category == 'FRESH'\""),
    rule("stars", currency="stars", amount="1.2", per=1, rounding_point="line"),
    head="  groups: {g: best}\n",
)


@given(lines_strategy, st.randoms(use_true_random=False))
def test_the_order_of_lines_makes_no_difference(lines: list[Line], random: Any) -> None:
    """A till may ring lines up in any order: the same awards, and the same for each line."""
    shuffled = list(lines)
    random.shuffle(shuffled)
    first, second = (evaluate_purchase(BEST, sale(*some), Earner()) for some in (lines, shuffled))
    assert [(a.rule, a.units) for a in first.awards] == [(a.rule, a.units) for a in second.awards]


@given(lines_strategy)
def test_an_award_is_the_sum_of_its_lines(lines: list[Line]) -> None:
    """Whatever is rounded where, the lines' shares add up to the award: nothing for a return to lose or find."""
    for award in evaluate_purchase(BEST, sale(*lines), Earner()).awards:
        assert award.units == sum(share.units for share in award.lines) > 0
        assert all(share.units > 0 for share in award.lines)


@given(lines_strategy, st.integers(0, 50_000))
def test_pitfall_12_what_is_excluded_earns_nothing_and_no_cent_is_lost(lines: list[Line], points_minor: int) -> None:
    """At a point a cent: points = money less tax, gift cards, delivery and what points paid, to a cent a line."""
    a_point_a_cent = rules(rule(per="0.01"))
    total = sum(item.amount_minor for item in lines)
    points_minor = min(points_minor, total)
    tenders = (Tender("points", points_minor),) if points_minor else ()
    evaluation = evaluate_purchase(a_point_a_cent, sale(*lines, tenders=tenders), Earner())
    counted = [item for item in lines if item.kind in ("goods", "service")]
    net = sum(item.amount_minor - item.tax_minor for item in counted)
    expected = net - (points_minor * net / total if total else 0)
    assert abs(evaluation.units("points") - expected) <= len(lines)
    if all(item.kind in ("goods", "service") and not item.tax_minor for item in lines):
        assert evaluation.units("points") == total - points_minor


@pytest.mark.parametrize(
    ("point", "amounts", "units"),
    [("order", (150, 150), 3), ("line", (150, 150), 2), ("order", (199,), 1), ("order", (99,), 0)],
)
def test_pitfall_4_rounding_happens_once_at_the_stated_point(point: str, amounts: tuple[int, ...], units: int) -> None:
    """1.50 + 1.50 at a point an euro: 3 if the order is rounded, 2 if each line is."""
    lines = [line(amount, number) for number, amount in enumerate(amounts, 1)]
    assert evaluate_purchase(rules(rule(rounding_point=point)), sale(*lines), Earner()).units("points") == units


def test_pitfall_4_a_tenth_of_a_star_is_an_integer() -> None:
    """1.2 stars a euro on 10.00 and a tier of 1.7: 20.4 stars are the integer 204, with no float on the way."""
    book = rules(rule(currency="stars", amount="1.2"))
    assert evaluate_purchase(book, sale(line(1000)), Earner(tier_multiplier=Decimal("1.7"))).units("stars") == 204


@pytest.mark.parametrize(("how", "units"), [("best", 20), ("first", 10), ("sum", 30)])
def test_pitfall_14_rules_of_a_group_conflict_as_declared(how: str, units: int) -> None:
    """Best gives the larger, first the one that stands first, sum both; the loser names its winner."""
    book = rules(rule("one", group="g"), rule("two", group="g", multiplier=2), head=f"  groups: {{g: {how}}}\n")
    evaluation = evaluate_purchase(book, sale(line(1000)), Earner())
    assert evaluation.units("points") == units
    outbid = {told.rule: told.details["by"] for told in evaluation.trace if told.outcome == "outbid"}
    assert outbid == {"best": {"one": "two"}, "first": {"two": "one"}, "sum": {}}[how]


def test_pitfall_14_equals_go_to_the_rule_that_stands_first() -> None:
    """Two rules that give the same: the file's order decides, always."""
    book = rules(rule("one", group="g"), rule("two", group="g"))
    evaluation = evaluate_purchase(book, sale(line(1000)), Earner())
    assert told(evaluation, "one") == ("awarded", 10)
    assert told(evaluation, "two") == ("outbid", 0)


def test_best_is_decided_line_by_line() -> None:
    """Double on fresh food does not take the base rule away from the rest of the basket."""
    evaluation = evaluate_purchase(BEST, sale(line(1000, 1, category="FRESH"), line(1000, 2)), Earner())
    assert told(evaluation, "fresh") == ("awarded", 15)
    assert told(evaluation, "base") == ("awarded", 10)


@pytest.mark.parametrize(
    ("over", "used", "outcome", "units"),
    [
        ("partial", 0, "capped", 30),
        ("partial", 25, "capped", 5),
        ("partial", 30, "cap_reached", 0),
        ("reject", 0, "cap_reached", 0),
        ("reject", 29, "cap_reached", 0),
    ],
)
def test_pitfall_13_a_cap_gives_a_part_or_nothing_as_declared(over: str, used: int, outcome: str, units: int) -> None:
    """40 points against a cap of 30 a day: partial gives what fits, reject nothing; both say what room there was."""
    book = rules(rule(caps=f"[{{per: day, amount: 30, over: {over}}}]"))
    usage = {("base", "day:2026-05-20"): RuleUsage(used, 1, AT)} if used else {}
    evaluation = evaluate_purchase(book, sale(line(4000)), Earner(usage=usage))
    assert told(evaluation, "base") == (outcome, units)
    assert evaluation.units("points") == units
    (trace,) = evaluation.trace
    assert (trace.details["room"], trace.details["wanted"]) == (30 - used, 40)


@given(lines_strategy, st.integers(1, 500))
def test_a_capped_award_still_is_the_sum_of_its_lines(lines: list[Line], cap: int) -> None:
    """What a cap leaves is shared by the same lines, to the unit, and never exceeds the cap."""
    book = rules(rule(caps=f"[{{per: transaction, amount: {cap}}}]"))
    for award in evaluate_purchase(book, sale(*lines), Earner()).awards:
        assert award.units == sum(share.units for share in award.lines) <= cap


def test_a_cap_over_the_currency_counts_all_rules_in_their_order() -> None:
    """The day's cap of 25: the first rule has its 20, the second the 5 that are left."""
    head = "  caps: [{currency: points, per: day, amount: 25}]\n"
    book = rules(rule("one", multiplier=2), rule("two"), head=head)
    evaluation = evaluate_purchase(book, sale(line(1000)), Earner())
    assert (told(evaluation, "one"), told(evaluation, "two")) == (("awarded", 20), ("capped", 5))
    assert evaluation.awards[1].usage == (("currency:points", "day:2026-05-20"),)


def test_pitfall_8_a_cap_day_is_the_programmes_day() -> None:
    """23:30 in Rome and half an hour after midnight are two days, although UTC calls them one."""
    book = rules(rule(caps="[{per: day, amount: 30}]"))
    before, after = datetime(2026, 5, 20, 21, 30, tzinfo=UTC), datetime(2026, 5, 20, 22, 30, tzinfo=UTC)
    keys = [book.usage_keys(at) for at in (before, after)]
    assert keys == [[("base", "day:2026-05-20")], [("base", "day:2026-05-21")]]


def test_every_rule_says_why_it_gave_nothing() -> None:
    """Ended, not started, condition, minimum spend, nothing eligible: each with the value that decided."""
    book = rules(
        rule("ended", dates="{ends: 2026-05-19}"),
        rule("early", dates="{starts: 2026-05-21}"),
        rule("fresh", when="\"line.category == 'FRESH'\""),
        rule("rich", minimum_spend=50),
        rule("cents", per=100),
    )
    evaluation = evaluate_purchase(book, sale(line(1000, category="DRY")), Earner())
    outcomes = {t.rule: t.outcome for t in evaluation.trace}
    assert outcomes == {
        "ended": "ended",
        "early": "not_started",
        "fresh": "condition",
        "rich": "condition",
        "cents": "nothing_eligible",
    }
    details = {t.rule: t.details for t in evaluation.trace}
    assert details["fresh"]["values"] == {"line.category": "DRY"}
    assert details["rich"] == {"minimum_spend": "50", "spent": "10.00"}


def test_a_foreign_currency_earns_nothing_and_says_so() -> None:
    """Points per euro say nothing about dollars."""
    evaluation = evaluate_purchase(rules(rule()), sale(line(1000), currency="USD"), Earner())
    assert told(evaluation, "base") == ("nothing_eligible", 0)


def test_an_offers_multiplier_is_an_award_of_its_own() -> None:
    """Triple points on coffee: the rule gives what it gives, the offer the other two thirds, on its lines alone."""
    coffee = LINE_ENVIRONMENT.compile("line.category == 'COFFEE'", "bool")
    boost = Boost("offer:coffee", "points", Decimal(3), when=coffee)
    lines = (line(1000, 1, category="COFFEE"), line(500, 2))
    evaluation = evaluate_purchase(rules(rule()), sale(*lines), Earner(boosts=(boost,)))
    assert [(a.rule, a.units) for a in evaluation.awards] == [("base", 15), ("offer:coffee", 20)]
    assert [share.number for share in evaluation.awards[1].lines] == [1]


def test_a_bonus_waits_for_its_minimum_spend() -> None:
    """100 points extra from 20.00 on: below it the offer stays in hand."""
    boost = Boost("offer:bonus", "points", bonus_units=100, minimum_minor=2000)
    small, large = (
        evaluate_purchase(rules(rule()), sale(line(amount)), Earner(boosts=(boost,))) for amount in (1999, 2000)
    )
    assert told(small, "offer:bonus") == ("condition", 0)
    assert told(large, "offer:bonus") == ("awarded", 100)


def test_pitfall_15_a_rule_is_judged_at_the_sales_own_time() -> None:
    """A sale of Tuesday that arrives on Wednesday has Tuesday's double points."""
    book = rules(rule(multiplier=2, when="\"now.weekday == 'tue'\""))
    tuesday = AT - timedelta(days=1)
    assert evaluate_purchase(book, sale(line(1000), at=tuesday), Earner()).units("points") == 20
    assert evaluate_purchase(book, sale(line(1000)), Earner()).units("points") == 0
