"""Mutants: every number of a programme, larger and smaller, in its own place in the text."""

from fedele.domains.programme.queries import changed_at, values
from fedele.scenarios.mutants import mutants_of, sample

TEXT = """\
format: 1
currencies:
  - {key: points, decimals: 2, worth: 0.10}   # 10 points
earning:
  rules:
    - key: night
      when: event.properties.kwh > 12.5 && now.time >= '23:00' && member.tier != 'top10'
      dates: {starts: 2026-02-28}
      name: 5 for 4
      active: true
"""


def changes(text: str) -> list[tuple[str, str]]:
    """Every mutant as (path, the changed line)."""
    lines = []
    for mutant in mutants_of(text):
        changed = changed_at(text, mutant.place, mutant.changed)
        lines += [
            (mutant.place.path, after.strip())
            for before, after in zip(text.splitlines(), changed.splitlines(), strict=True)
            if before != after
        ]
    return lines


def test_numbers_dates_and_numbers_in_conditions_are_changed_and_words_are_not() -> None:
    """One more, one less and twice as much in the last place; a day; no name, no time of day, no file format."""
    assert changes(TEXT) == [
        ("currencies[points].decimals", "- {key: points, decimals: 3, worth: 0.10}   # 10 points"),
        ("currencies[points].decimals", "- {key: points, decimals: 1, worth: 0.10}   # 10 points"),
        ("currencies[points].decimals", "- {key: points, decimals: 4, worth: 0.10}   # 10 points"),
        ("currencies[points].worth", "- {key: points, decimals: 2, worth: 0.11}   # 10 points"),
        ("currencies[points].worth", "- {key: points, decimals: 2, worth: 0.09}   # 10 points"),
        ("currencies[points].worth", "- {key: points, decimals: 2, worth: 0.20}   # 10 points"),
        *[
            (
                "earning.rules[night].when",
                f"when: 'event.properties.kwh > {number} && now.time >= ''23:00'' && member.tier != ''top10'''",
            )
            for number in ("12.6", "12.4", "25.0")
        ],
        ("earning.rules[night].dates.starts", "dates: {starts: '2026-03-01'}"),
        ("earning.rules[night].dates.starts", "dates: {starts: '2026-02-27'}"),
    ]


def test_a_quoted_value_is_replaced_with_its_quotes() -> None:
    """What stood in quotes is whole after the change, whatever quotes there were."""
    text = """a: "x > 1 'y'"\nb: 'it''s 2'\n"""
    first, second = values(text)
    assert values(changed_at(text, first, "x > 2 'y'"))[0].value == "x > 2 'y'"
    assert values(changed_at(text, second, "it's 3"))[1].value == "it's 3"


def test_a_sample_is_the_same_each_time() -> None:
    """CI plays the same changes on every run, in the order of the file."""
    mutants = mutants_of(TEXT)
    assert sample(mutants, 4, "seed") == sample(mutants, 4, "seed") != sample(mutants, 4, "other")
    assert len(sample(mutants, 400, "seed")) == len(mutants)
