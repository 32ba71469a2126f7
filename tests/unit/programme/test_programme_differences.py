"""`plan`: what would change, in words that a marketer can check."""

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.programme.queries import check, plan
from tests.factories.programme import grocer, make_programme, template_text

BASE = """format: 1
programme: {key: small, name: Small, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01}
earning:
  rules:
    - {key: base, type: purchase_multiplier, name: Base, currency: points, multiplier: 1}
    - {key: fresh, type: purchase_multiplier, name: Fresh, currency: points, when: line.department == 'PRODUCE'}
"""


def words_of(changed, base=BASE):
    """The words of every change from base to changed."""
    return [change.words for change in plan(make_programme(base), check(changed, PROGRAMME_SECTIONS))]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("multiplier: 1", "multiplier: 2", ["earning.rules[base].multiplier changes from 1 to 2"]),
        (", multiplier: 1", "", ["earning.rules[base].multiplier is no longer set (was 1)"]),
        ("'PRODUCE'", "'DELI'", [
            "earning.rules[fresh].when changes from “line.department == 'PRODUCE'” to “line.department == 'DELI'”"
        ]),
        ("name: Small", "name: {en: Small, it: Piccolo}", [
            "programme.name changes from “Small” to {en: “Small”, it: “Piccolo”}"
        ]),
        ("worth: 0.01}", "worth: 0.01}\n  - {key: stars, name: stars, decimals: 1}", ["currencies[stars] is added"]),
        ("key: base", "key: basic", [
            "earning.rules[basic] is added", "earning.rules[base] is removed",
        ]),
        ("name: Base,", "pending_days: 3, name: Base,", ["earning.rules[base].pending_days is set to 3"]),
        ("format: 1", "# a comment\nformat: 1", []),
    ],
)  # fmt: skip
def test_each_change_is_said_in_words(before, after, words):
    """Exactly the changes, by key and not by position; comments and layout are no change."""
    assert words_of(BASE.replace(before, after)) == words


def test_moving_a_rule_is_not_rewriting_two():
    """A new order is one change, named as such."""
    lines = BASE.splitlines()
    lines[-1], lines[-2] = lines[-2], lines[-1]
    assert words_of("\n".join(lines)) == ["earning.rules: the order changes from base, fresh to fresh, base"]


def test_a_section_that_goes_is_told_thing_by_thing():
    """Leaving out a section removes what was in it."""
    without = BASE[: BASE.index("earning:")]
    assert words_of(without) == ["earning.rules[base] is removed", "earning.rules[fresh] is removed"]


def test_the_first_plan_adds_everything_and_the_same_plan_nothing():
    """Against no programme every thing is added; against itself nothing changes."""
    text = template_text("grocer")
    checked = check(text, PROGRAMME_SECTIONS)
    first = plan(None, checked)
    assert {change.kind for change in first} == {"added"}
    assert "offers[cold-morning-coffee] is added" in [change.words for change in first]
    assert plan(grocer(), checked) == ()
