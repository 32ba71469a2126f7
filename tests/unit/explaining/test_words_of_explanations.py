"""Every kind of refusal, term and cause has its words in four languages, and no sentence has a hole."""

import re
import string
from decimal import Decimal
from typing import Any, get_args

import pytest

from fedele.api.explaining_words import LANGUAGES, Speaker, words
from fedele.domains.earning.types import Outcome, RuleTrace
from fedele.domains.explaining.queries import CAUSES
from fedele.domains.explaining.types import Failed, Term, TermKind
from fedele.kernel import vocabulary
from fedele.kernel.expressions import Environment
from fedele.kernel.money import Money
from tests.factories.programme import grocer

DETAILS: dict[str, dict[str, Any]] = {
    "capped": {"cap": "50", "per": "day", "room": 20},
    "cap_reached": {"cap": "50", "per": "month", "room": 0},
    "not_started": {"starts": "2026-12-01"},
    "ended": {"ends": "2026-10-31"},
    "outside_window": {"local": "mon 21:00"},
    "outbid": {"by": "fresh-double"},
    "margin_floor": {"floor": "12"},
}
KINDS = [*get_args(Outcome), "minimum_spend"]
CYRILLIC, ARABIC = re.compile("[а-яА-Я]{3}"), re.compile("[\u0600-\u06ff]{3}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_reason_is_worded(kind: str, language: str) -> None:
    """Every outcome of a rule, and the minimum spend: a sentence of its own, filled in."""
    outcome, details = kind, DETAILS.get(kind, {})
    if kind == "minimum_spend":
        outcome, details = "condition", {"minimum_spend": "20", "spent": "7.50"}
    trace = RuleTrace("fresh-double", outcome, 0, "points", details)  # type: ignore[arg-type]
    said = Speaker(grocer(), language).reason(trace, None)
    assert re.fullmatch(r"\S(?!.*(\{|  )).*[.؟]", said), said
    assert said != words(language)["outcomes"]["other"], "it has no words of its own"
    if language == "ru":
        assert CYRILLIC.search(said)
    if language == "ar":
        assert ARABIC.search(said)
    values = [str(value) for name, value in details.items() if name not in ("per", "by")]
    assert all(value in said.replace(",", ".") or value == "0" for value in values), (said, values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_condition_that_failed_is_told_kindly(language: str) -> None:
    """The tier by its name, the fact by its own words; no CEL, no key, for the member."""
    failed = Failed("member.tier == 'gold'", {"member.tier": "silver"}, (1,))
    trace = RuleTrace("fresh-double", "condition", 0, "points", {"condition": "member.tier == 'gold'"})
    speaker = Speaker(grocer(), language)
    said = speaker.reason(trace, failed)
    assert words(language)["names"]["member.tier"] in said
    assert not re.search(r"member\.tier|==", said)
    unknown = speaker.reason(trace, Failed("member.birth_month == 5", {"member.birth_month": None}, unknown=True))
    assert unknown == words(language)["outcomes"]["condition_unknown"]
    shown = speaker.reason(
        trace, Failed("event.properties.minutes > 60", {"event.properties": {"minutes": 45, "x": 1}})
    )
    assert "minutes" in shown
    assert "45" in shown
    assert "x" not in shown.split()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language: str) -> None:
    """The same keys as English, and in each sentence the same places to fill in."""
    english, own = words("en"), words(language)
    for section in ("outcomes", "periods", "terms", "headlines", "causes", "names"):
        assert own[section].keys() == english[section].keys(), section
    for section in ("outcomes", "terms", "headlines", "causes"):
        for key, text in own[section].items():
            assert _places(text) == _places(english[section][key]), (language, section, key)


def test_every_fact_a_condition_may_read_has_a_label() -> None:
    """A name that is added to the vocabulary needs words in `api/explanations.<language>.yaml`."""
    environments = [one for one in vars(vocabulary).values() if isinstance(one, Environment)]
    declared = {name for environment in environments for name in environment.names}
    assert declared - words("en")["names"].keys() == set()


def test_every_term_and_cause_has_words() -> None:
    """What the room can answer, the API can say."""
    english = words("en")
    assert set(get_args(TermKind)) <= english["terms"].keys()
    assert {kind for _, kind in CAUSES} <= english["causes"].keys()


def test_a_line_is_told_as_its_own_arithmetic() -> None:
    """12.40 at one point for a unit of money, doubled, with the tier's multiplier; numbers as each language does."""
    values = {
        "number": 1, "name": "Pears", "money": Money(1240, "USD"), "amount": Decimal(1), "per": Decimal(1),
        "multiplier": Decimal(2), "tier": "gold", "tier_multiplier": "1.25",
    }  # fmt: skip
    term = Term("line", Decimal("31"), values)
    assert Speaker(grocer(), "en").term(term).startswith("Pears: 12.40 USD at 1 for 1 × 2 × 1.25 (")
    assert Speaker(grocer(), "it").term(term).startswith("Pears: 12,40 USD a 1 ogni 1 × 2 × 1.25 (")


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
