"""Every kind of mistake in the newer sections names its line and column, what is wrong, and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.programme.errors import ProgrammeInvalid
from fedele.domains.programme.queries import check

# What a case adds begins at line 8.
BASE = """\
format: 1
programme: {key: small, name: Small, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01}
rewards:
  - {key: bag, type: custom, name: Bag, cost: {currency: points, amount: 10}}
tiers: {levels: [{key: silver, name: S, threshold: 0}, {key: gold, name: G, threshold: 9}]}
"""

MISTAKES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["case"])
def test_a_mistake_names_its_place_and_what_to_do(mistake: dict[str, Any]) -> None:
    """One problem, at its line and column, in words that help."""
    with pytest.raises(ProgrammeInvalid) as caught:
        check(BASE + mistake["added"], PROGRAMME_SECTIONS, "mine.yaml")
    told = [(f"{problem.line}:{problem.column}", problem.path) for problem in caught.value.problems]
    assert told == [(mistake["place"], mistake["path"])]
    assert mistake["words"] in caught.value.problems[0].message


def test_the_base_of_these_mistakes_is_valid() -> None:
    """The control: without what a case adds, nothing is wrong."""
    assert check(BASE, PROGRAMME_SECTIONS).sections


def test_the_table_is_long_enough_to_be_trusted() -> None:
    """At least forty kinds, in every section that came with them."""
    assert len({mistake["case"] for mistake in MISTAKES}) >= 40
    sections = {mistake["path"].partition(".")[0].partition("[")[0] for mistake in MISTAKES}
    assert sections >= {
        "memberships",
        "auto_rewards",
        "challenges",
        "streaks",
        "surprises",
        "referral",
        "till",
        "badges",
    }
