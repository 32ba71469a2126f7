"""A mistake in a journey is told at its own line, in words that say what to do."""

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.queries import check
from tests.factories.journeys import HEAD

FILE = (
    HEAD
    + """journeys:
  - key: trip
    name: Trip
    trigger: {type: event, event: check_in}
    steps:
      - {key: hello, type: send, message: hello}
      - {key: pause, type: wait, days: 2}
      - {key: which, type: branch, cases: [{when: "member.purchases_count > 1", go: end}]}
      - {key: gift, type: award, units: {currency: points, amount: 5}}
"""
)
TRIGGER = "type: event, event: check_in"
FIRST = HEAD.count("\n") + 2  # the line of `- key: trip`


def told(old: str, new: str) -> list[str]:
    """The mistakes of the file in which one thing is written otherwise."""
    assert old in FILE
    with pytest.raises(ProgrammeInvalid) as raised:
        check(FILE.replace(old, new, 1), PROGRAMME_SECTIONS)
    return [str(problem) for problem in raised.value.problems]


def test_the_file_itself_is_right() -> None:
    """Else nothing below would show anything."""
    check(FILE, PROGRAMME_SECTIONS)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("message: hello", "message: helo", 4, "there is no message 'helo'. Did you mean 'hello'?"),
        ("go: end", "go: gifft", 6, "there is no step 'gifft' in this journey. There are: hello, pause, which"),
        ("key: gift", "key: hello", 7, "the step 'hello' is there twice"),
        ("key: gift", "key: end", 7, "'end' is the word for the end"),
        ("days: 2", "until: {event: purchase}", 5, "how long?"),
        ("days: 2", "days: 2, on_event: gift", 5, "there is no `until` here"),
        ("go: end", "go: which", 6, "the step 'which' comes back to itself without a wait"),
        ("member.purchases_count > 1", "member.purchases > 1", 6, "Did you mean 'member.purchases_count'?"),
        (TRIGGER, "type: date", 2, "name a day"),
        (TRIGGER, "type: date, of: birthday, currency: points", 2, "belongs to `of: expiry`"),
        (TRIGGER, "type: inactivity, days: 9, days_max: 8", 2, "not less than `days`, which is 9"),
        (TRIGGER, "type: sequence, event: tiers.tier_changed, count: 2, days: 7", 2, "keeps no history"),
        (TRIGGER, "type: segment, segment: nobody", 2, "there is no segment 'nobody'"),
        ("type: award", "type: awards", 7, "there is no type 'awards'. Did you mean 'award'?"),
        ("units: {currency: points, amount: 5}", "pending_days: 3", 7, "a prize gives `units` or a `reward`"),
        ("name: Trip", "name: Trip\n    holdout_percent: 10", 0, "a holdout is measured by the goal"),
        ("name: Trip", "name: Trip\n    on_change: {steps: {old: nowhere}}", 2, "there is no step 'nowhere'"),
        ("name: Trip", "name: Trip\n    exits: [{reason: bored}]", 2, "name an `event`, or a condition with `when`"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line(old: str, new: str, line: int, words: str) -> None:
    """`line` counts from the journey's own first line."""
    found = told(old, new)
    assert any(one.startswith(f"line {FIRST + line}:") and words in one for one in found), found


def test_a_circle_with_a_wait_in_it_is_allowed() -> None:
    """A journey may remind somebody every month until something happens."""
    check(FILE.replace("go: end", "go: pause", 1), PROGRAMME_SECTIONS)
