"""Items appended to a programme's text: nothing else of it changes, and what comes out is still a programme."""

import pytest

from fedele.domains.exchange.errors import SectionNotAList
from fedele.domains.exchange.programme_text import append_items
from fedele.domains.programme.config import Places
from tests.factories.programme import SMALL, make_programme, template_text

PLACE = {"key": "store-9", "name": "it's: #9", "latitude": 1.5, "longitude": 2.0}


def test_the_shipped_programme_keeps_every_line() -> None:
    """Comments, order and words of the author stay; the item stands at the end of its own section."""
    text = template_text("grocer")
    longer = append_items(text, "places", [PLACE])
    assert [line for line in longer.splitlines() if "store-9" not in line] == text.splitlines()
    places = list(make_programme(longer).section(Places))
    assert [place.key for place in places] == [*(p.key for p in make_programme(text).section(Places)), "store-9"]
    assert places[-1].name.in_locale("it") == "it's: #9"


@pytest.mark.parametrize(
    "tail", ["", "places:\n", "places: []\n", "places: []  \n\n# the end\n", "places:\n# none yet\n"]
)
def test_a_section_that_is_empty_or_missing_begins_with_it(tail: str) -> None:
    """No list yet is a list of none."""
    text = append_items(SMALL + tail, "places", [PLACE, {**PLACE, "key": "store-10"}])
    assert [place.key for place in make_programme(text).section(Places)] == ["store-9", "store-10"]


@pytest.mark.parametrize("indent", ["", "  ", "    "])
def test_the_author_s_indentation_is_kept(indent: str) -> None:
    """Lists are indented as their author likes, with sections after them."""
    body = f"places:\n{indent}- {{key: a, name: A, latitude: 1, longitude: 1}}\n\n# of texts\ntexts: {{}}\n"
    text = append_items(SMALL + body, "places", [PLACE])
    assert [place.key for place in make_programme(text).section(Places)] == ["a", "store-9"]
    assert text.index("store-9") < text.index("# of texts")


def test_a_list_in_one_line_is_refused() -> None:
    """What cannot be appended to without rewriting it is refused, not rewritten."""
    with pytest.raises(SectionNotAList):
        append_items(SMALL + "places: [{key: a, name: A, latitude: 1, longitude: 1}]\n", "places", [PLACE])


def test_nothing_to_append_changes_nothing() -> None:
    """Not a byte."""
    assert append_items(SMALL, "places", []) == SMALL
