"""Reading a programme file: every mistake has its line and says what to do, and YAML's traps are closed."""

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.earning.config import EarningConfig, EventAward, PurchaseMultiplier
from fedele.domains.offers.config import OffersConfig
from fedele.domains.programme.config import Currencies, Places, ProgrammeConfig
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.queries import check
from fedele.domains.programme.types import Dates, Text, WeeklyWindow, within
from fedele.domains.tiers.config import TiersConfig
from tests.factories.programme import SMALL, grocer, make_programme, template_text

# Line 1 is `format: 1`, so what a case adds begins at line 6.
BASE = """format: 1
programme: {key: small, name: Small, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - key: points
    name: points
"""

TIERS = "tiers: {levels: [{key: silver, name: S, threshold: 0}, {key: gold, name: G, threshold: 9}]}\n"

MISTAKES = [
    pytest.param("earnings: {}\n", 6, "earnings", "Did you mean 'earning'?", id="section misspelt"),
    pytest.param("earning:\n  ruels: []\n", 7, "earning.ruels", "Did you mean 'rules'?", id="key misspelt"),
    pytest.param(
        "earning:\n  rules:\n    - key: a\n      type: purchase_multiplier\n      name: A\n      currency: points\n"
        "      multiplyer: 2\n",
        12,
        "earning.rules[0].multiplyer",
        "Did you mean 'multiplier'?",
        id="key misspelt inside a typed rule",
    ),
    pytest.param(
        "earning:\n  rules:\n    - {key: a, type: purchase_multiplyer, name: A, currency: points}\n",
        8,
        "earning.rules[0]",
        "Did you mean 'purchase_multiplier'?",
        id="type misspelt",
    ),
    pytest.param(
        "earning:\n  rules:\n    - {key: a, name: A, currency: points}\n",
        8,
        "earning.rules[0]",
        "needs a 'type': one of event_award, purchase_fixed, purchase_multiplier",
        id="type missing",
    ),
    pytest.param(
        "earning:\n  rules:\n    - type: event_award\n      key: a\n      name: A\n      currency: points\n"
        "      event: ride\n",
        8,
        "earning.rules[0]",
        "the key 'amount' is missing",
        id="key missing",
    ),
    pytest.param(
        "earning:\n  rules:\n    - type: purchase_multiplier\n      key: a\n      name: A\n      currency: points\n"
        "      when: line.departmnet == 'X'\n",
        12,
        "earning.rules[0].when",
        "does not know the name 'line.departmnet'. Did you mean 'line.department'?",
        id="name in a condition",
    ),
    pytest.param(
        "earning:\n  rules:\n    - type: purchase_multiplier\n      key: a\n      name: A\n      currency: points\n"
        "      when: |\n        line.amount > 5.0 &&\n        line.brand = 'x'\n",
        14,
        "earning.rules[0].when",
        "to compare, write ==",
        id="syntax of a condition",
    ),
    pytest.param(
        "earning:\n  rules:\n    - type: purchase_multiplier\n      key: a\n      name: A\n      currency: pionts\n",
        11,
        "earning.rules[0].currency",
        "there is no currency 'pionts'. Did you mean 'points'?",
        id="unknown currency",
    ),
    pytest.param(
        "earning:\n  caps:\n    - currency: points\n      per: fortnight\n      amount: 5\n",
        9,
        "earning.caps[0].per",
        "must be 'transaction', 'day'",
        id="not one of the choices",
    ),
    pytest.param(
        "earning:\n  caps:\n    - {currency: points, per: day, amount: -5}\n",
        8,
        "earning.caps[0].amount",
        "must be more than 0, not -5",
        id="number out of range",
    ),
    pytest.param(
        "  - key: points\n    name: again\n", 6, "currencies[1].key", "defined twice (first on line 4)", id="twice"
    ),
    pytest.param(
        "places: []\nplaces: []\n", 7, "", "the key 'places' stands here twice (first on line 6)", id="duplicate key"
    ),
    pytest.param(
        "places:\n  - {key: x, name: X, latitude: 91, longitude: 0}\n",
        7,
        "places[0].latitude",
        "must be at most 90",
        id="latitude",
    ),
    pytest.param(
        "places:\n  - {key: X 1, name: X, latitude: 9, longitude: 0}\n",
        7,
        "places[0].key",
        "must be a key",
        id="bad key",
    ),
    pytest.param(
        "places:\n  - key: x\n    name: X\n    latitude: 9\n    longitude: 0\n    hours:\n      - {opens: 7:00}\n",
        12,
        "places[0].hours[0].opens",
        "must be a time of day like '07:30'",
        id="time of day",
    ),
    pytest.param(
        "places:\n  - {key: x, name: X, latitude: 9, longitude: 0, time_zone: Rome}\n",
        7,
        "places[0].time_zone",
        "IANA time zone",
        id="time zone",
    ),
    pytest.param(
        "tiers:\n  levels:\n    - {key: a, name: A, threshold: 0}\n    - {key: b, name: B, threshold: 0}\n",
        7,
        "tiers",
        "thresholds must rise: 'b' (0) is not above 'a' (0)",
        id="thresholds",
    ),
    pytest.param(
        "rewards:\n  - type: discount_amount\n    key: r\n    name: R\n    value: 5\n"
        "    cost: {currency: points, amount: 5}\n    tiers: [gold]\n",
        12,
        "rewards[0].tiers[0]",
        "there is no tier 'gold'",
        id="unknown tier",
    ),
    pytest.param(
        "rewards:\n  - type: discount_amount\n    key: r\n    name: R\n    value: 5\n"
        "    cost: {currency: points, amount: 5}\n    cost_by_tier:\n      gold: 4\n",
        13,
        "rewards[0].cost_by_tier.gold",
        "there is no tier 'gold'",
        id="unknown tier as a key",
    ),
    pytest.param(
        "offers:\n  - key: o\n    where: {places: [elsewhere]}\n"
        "    benefit: {type: bonus, currency: points, amount: 5}\n    creative: {title: T, body: B}\n",
        8,
        "offers[0].where.places[0]",
        "there is no place 'elsewhere'",
        id="unknown place behind a union",
    ),
    pytest.param(
        "offers:\n  - key: o\n    schedule:\n      dates: {starts: 2026-12-24, ends: 2026-12-01}\n"
        "    benefit: {type: bonus, currency: points, amount: 5}\n    creative: {title: T, body: B}\n",
        9,
        "offers[0].schedule.dates",
        "ends on 2026-12-01, before it starts",
        id="dates",
    ),
    pytest.param(
        "offers:\n  - key: o\n    benefit: {type: reward, reward: nothing}\n    creative: {title: T, body: B}\n",
        8,
        "offers[0].benefit.reward",
        "there is no reward 'nothing'",
        id="unknown reward",
    ),
    pytest.param(
        "surveys:\n  - key: s\n    title: 12\n    trigger: {type: always}\n"
        "    questions: [{key: q, type: nps, text: Q}]\n",
        8,
        "surveys[0].title",
        "must be a text (put 12 in quotes)",
        id="a number where a text is needed",
    ),
    pytest.param(
        TIERS + "rewards:\n  - type: discount_amount\n    key: r\n    name: R\n    value: 5\n"
        "    cost: {currency: points, amount: 5}\n"
        "    when: member.tier in ['gold', 'sliver'] || 'gold' == member.tier\n",
        13,
        "rewards[0].when",
        "there is no tier 'sliver'. Did you mean 'silver'?",
        id="unknown tier in a condition",
    ),
    pytest.param(
        "offers:\n  - key: o\n    audience: {when: 'member.balances.pionts >= 5.0 && member.tier != \"\"'}\n"
        "    benefit: {type: bonus, currency: points, amount: 5}\n    creative: {title: T, body: B}\n",
        8,
        "offers[0].audience.when",
        "there is no currency 'pionts'. Did you mean 'points'?",
        id="unknown currency in a condition",
    ),
    pytest.param("texts:\n  how_it_works: !!python/name:os.system x\n", 7, "", "tags like", id="tag"),
    pytest.param("texts:\n  how_it_works: *nothing\n", 7, "", "*nothing names nothing", id="alias to nothing"),
    pytest.param("texts:\n  <<: {}\n", 7, "", "merge keys (<<) are not allowed", id="merge key"),
    pytest.param("texts:\n  how_it_works: [1\n", 8, "", "not valid YAML", id="unclosed bracket"),
    pytest.param("\ttexts: {}\n", 6, "", "not valid YAML", id="tab"),
    pytest.param("---\nformat: 1\n", 6, "", "second document", id="two documents"),
]


# Nine anchors, each a list of nine aliases of the one before: 9⁹ values in 300 characters.
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(letter + 1)}: &{chr(letter + 1)} [{','.join([f'*{chr(letter)}'] * 9)}]\n" for letter in range(97, 105)
)


@pytest.mark.parametrize(("added", "line", "path", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_to_do(added, line, path, words):
    """Exactly one problem: right line, right path, and words that help."""
    with pytest.raises(ProgrammeInvalid) as caught:
        check(BASE + added, PROGRAMME_SECTIONS, "mine.yaml")
    assert [(problem.line, problem.path) for problem in caught.value.problems] == [(line, path)]
    assert words in caught.value.problems[0].message
    assert f"mine.yaml, line {line}: " in str(caught.value)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    """A file with several mistakes names each of them, from top to bottom."""
    text = BASE + "places:\n  - {key: x, name: X, latitude: 91, longitude: 999}\ntiers: {lvels: []}\n"
    with pytest.raises(ProgrammeInvalid) as caught:
        check(text, PROGRAMME_SECTIONS)
    assert [(problem.line, problem.path) for problem in caught.value.problems] == [
        (7, "places[0].latitude"),
        (7, "places[0].longitude"),
        (8, "tiers.lvels"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be a mapping of sections"),
        ("- 1", "must be a mapping of sections"),
        ("format: 1", "the section 'programme' is missing"),
        (SMALL.replace("format: 1", "format: 2"), "it reads format 1"),
        ("a: \x00", "not valid YAML"),
        ("x: " + "[" * 100_000, "nested more than 40 deep"),
        ("[" * 50_000 + "]" * 50_000, "nested more than 40 deep"),
        (BOMB, "values, aliases included"),
        ("? [a]\n: b", "a key must be a plain word"),
        ("a: " + "x" * 5_000_000, "larger than 4 MiB"),
    ],
    ids=["empty", "list", "no section", "format 2", "nul", "open abyss", "abyss", "bomb", "list as key", "large"],
)  # fmt: skip
def test_a_text_that_is_no_programme_is_refused_quickly(text, words):
    """Empty, foreign, bombs and abysses: a problem with words, no crash."""
    with pytest.raises(ProgrammeInvalid) as caught:
        check(text, PROGRAMME_SECTIONS)
    assert words in str(caught.value)


def test_an_alias_that_contains_itself_is_refused():
    """A list cannot be its own item: the anchor is known only once the list is closed."""
    with pytest.raises(ProgrammeInvalid, match="names nothing before it"):
        check("a: &a [*a]", PROGRAMME_SECTIONS)


def test_an_alias_stands_for_the_whole_value():
    """What an anchor names can be used again."""
    programme = make_programme(
        BASE + "places:\n"
        "  - {key: a, name: A, latitude: 1, longitude: 1, hours: &hours [{opens: '07:00', closes: '10:00'}]}\n"
        "  - {key: b, name: B, latitude: 1, longitude: 2, hours: *hours}\n"
    )
    first, second = programme.section(Places)
    assert first.hours == second.hours != ()


def test_scalars_mean_what_they_look_like():
    """Norway stays a country, 07:30 a time, 1.20 an exact number, 007 a text."""
    programme = make_programme(
        BASE.replace("name: points", "name: points\n    worth: 0.10")
        + "rewards:\n  - {type: free_product, key: r, name: yes, cost: {currency: points, amount: 1.20},"
        " countries: [NO], skus: [007, '1']}\n"
    )
    (reward,) = programme.section(PROGRAMME_SECTIONS["rewards"])
    assert (reward.countries, reward.skus, reward.name.root) == (("NO",), ("007", "1"), {"": "yes"})
    assert reward.cost.amount == Decimal("1.20")
    assert programme.section(Currencies).get("points").worth == Decimal("0.10")


def test_what_a_file_leaves_out_has_its_default():
    """A programme of a name and a currency is one: every other section is there, empty."""
    programme = make_programme()
    assert programme.section(EarningConfig).rules == ()
    assert programme.section(TiersConfig).levels == ()
    assert len(programme.section(OffersConfig)) == 0
    with pytest.raises(KeyError, match="not a registered section"):
        programme.section(WeeklyWindow)


def test_the_demo_programme_has_what_the_demo_needs():
    """The grocer's file: cap, tiers, double points, offers with place, time and weather, a survey, four languages."""
    programme = grocer()
    earning = programme.section(EarningConfig)
    assert any(isinstance(rule, PurchaseMultiplier) and rule.multiplier == 2 for rule in earning.rules)
    assert any(isinstance(rule, EventAward) for rule in earning.rules)
    assert [(cap.per, cap.over) for cap in earning.caps] == [("day", "partial")]
    assert [tier.threshold for tier in programme.section(TiersConfig).levels] == [0, 1500, 4000]
    offers = programme.section(OffersConfig)
    assert len(offers) >= 8
    assert {offer.key for offer in offers if offer.weather and offer.where} >= {"cold-morning-coffee", "rainy-soup"}
    assert programme.section(ProgrammeConfig).locales == ("en", "it", "ru", "ar")


@pytest.mark.parametrize("name", ["grocer", "corner-cafe"])
def test_shipped_programmes_are_translated_whole(name):
    """No text of a shipped programme lacks one of its own locales."""
    assert check(template_text(name), PROGRAMME_SECTIONS).warnings == ()


def test_a_missing_translation_is_a_warning_at_its_line():
    """A text without one of the programme's locales is told, and does not stop anything."""
    text = BASE.replace("name: Small,", "name: {en: Small, it: Piccolo}, locales: [en, it, ar],")
    (warning,) = check(text, PROGRAMME_SECTIONS).warnings
    assert (warning.line, warning.path, warning.message) == (2, "programme.name", "has no text in ar")


@pytest.mark.parametrize(
    ("texts", "locale", "default", "expected"),
    [
        ({"en": "Hello", "it": "Ciao"}, "it", "en", "Ciao"),
        ({"en": "Hello", "it": "Ciao"}, "it-CH", "en", "Ciao"),
        ({"en": "Hello", "it-CH": "Salve", "it": "Ciao"}, "it-CH", "en", "Salve"),
        ({"en": "Hello", "it": "Ciao"}, "ru", "it", "Ciao"),
        ({"en": "Hello", "it": "Ciao"}, "ru", "it-IT", "Ciao"),
        ({"ar": "مرحبا"}, "ru", "en", "مرحبا"),
        ("Hi", "ru", "en", "Hi"),
    ],
)
def test_a_text_falls_back_from_region_to_language_to_default(texts, locale, default, expected):
    """it-CH → it → the programme's default → whatever there is: a reader never gets nothing."""
    assert Text(texts).in_locale(locale, default) == expected


@pytest.mark.parametrize(
    ("instant", "open_"),
    [
        (datetime(2026, 11, 20, 22, 30, tzinfo=UTC), True),  # Friday 23:30 in Rome
        (datetime(2026, 11, 21, 0, 59, tzinfo=UTC), True),  # Saturday 01:59, Friday's night
        (datetime(2026, 11, 21, 1, 0, tzinfo=UTC), False),  # Saturday 02:00, closed
        (datetime(2026, 11, 21, 22, 30, tzinfo=UTC), False),  # Saturday night
        (datetime(2026, 11, 20, 0, 30, tzinfo=UTC), False),  # Friday 01:30: Thursday's night
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_opens(instant, open_):
    """Friday 22:00–02:00 reaches into Saturday and nowhere else."""
    window = WeeklyWindow(days=("fri",), opens=time(22), closes=time(2))
    assert within((window,), instant, "Europe/Rome") is open_


def test_a_window_that_ends_at_24_00_includes_the_last_minute():
    """00:00–24:00 is the whole day."""
    window = WeeklyWindow.model_validate({"days": "sat", "closes": "24:00"})
    assert window.contains(datetime(2026, 11, 21, 23, 59, 59, 999_999))
    assert not window.contains(datetime(2026, 11, 22, 0, 0))


def test_dates_include_both_days_in_the_programme_s_zone():
    """The last day counts to its midnight there, over a change of clocks too."""
    dates = Dates.model_validate({"starts": "2026-10-24", "ends": "2026-10-25"})
    starts, ends = dates.starts_at("Europe/Rome"), dates.ends_at("Europe/Rome")
    assert (starts, ends) == (datetime(2026, 10, 23, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))
    assert dates.contains(datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "Europe/Rome")
    assert not dates.contains(datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "Europe/Rome")
