"""What a programme declares for joining on the web, and how its pages choose among wallets and colours."""

from typing import Any

import pytest
from pydantic import ValidationError

from fedele.api.texts import LOCALES
from fedele.domains.programme.config import Colours
from fedele.domains.wallet.config import Join
from fedele.web.join_pages import Look, all_words, brand_css, card_page, code_page

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 27_0 like Mac OS X)"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9)"
DESK = "Mozilla/5.0 (X11; Linux x86_64)"


def declared(**changes: Any) -> dict[str, Any]:
    """A sound section."""
    consent = {"purpose": "marketing", "channels": ["email"], "text": "News?"}
    return {"version": "v1", "consents": [consent], "codes": [{"code": "riverside", "place": "store-1"}], **changes}


def test_a_code_is_found_by_its_name() -> None:
    """And nothing else is."""
    join = Join.model_validate(declared())
    found = join.find("riverside")
    assert found is not None
    assert (found.place, found.source) == ("store-1", "join")
    assert join.find("Riverside") is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"codes": [{"code": "a1"}, {"code": "a1"}]}, "the code 'a1' stands here twice"),
        ({"consents": [declared()["consents"][0]] * 2}, "the purpose 'marketing' stands here twice"),
        ({"codes": []}, "at least 1 item"),
        ({"codes": [{"code": "../x"}]}, "match pattern"),
        ({"codes": [{"code": "two--hyphens"}]}, "match pattern"),
        ({"consents": [{"purpose": "marketing", "channels": [], "text": "x"}]}, "at least 1 item"),
    ],
)
def test_mistakes_are_told(changes: dict[str, Any], told: str) -> None:
    """Before the file is in force."""
    with pytest.raises(ValidationError, match=told):
        Join.model_validate(declared(**changes))


@pytest.mark.parametrize(
    ("agent", "order", "apart"),
    [(IPHONE, ["apple", "google"], True), (ANDROID, ["google", "apple"], True), (DESK, ["apple", "google"], False)],
)
def test_the_phones_own_wallet_comes_first(agent: str, order: list[str], apart: bool) -> None:
    """The other stays within reach: people have two phones, and browsers lie."""
    page = card_page(Look("en", "/join/x"), "https://a.example/?a=1&b=2", "https://g.example/", agent)
    assert sorted(order, key=lambda one: page.index(f'id="{one}"')) == order
    assert ("For another phone" in page) is apart
    assert "a=1&amp;b=2" in page


def test_without_google_there_is_one_button_on_any_phone() -> None:
    """Android wallets open Apple's file, too."""
    page = card_page(Look("ru", "/join/x"), "https://a.example/", None, ANDROID)
    assert 'id="apple"' in page
    assert "google" not in page


@pytest.mark.parametrize("colour", ["#000000", "#FFFFFF", "#777777", "#E8A33D", "#0B5D3B"])
def test_the_brands_name_is_readable_on_any_colour(colour: str) -> None:
    """A foreground that would vanish is replaced; the button's words, too."""
    css = brand_css(Colours(background=colour, foreground=colour))
    assert f"--brand: {colour};" in css
    assert f"--on-brand: {colour};" not in css
    assert f"--main: {colour}; --on-main: {colour};" not in css


def test_values_are_text_in_every_language() -> None:
    """What somebody typed never becomes markup."""
    for locale in LOCALES:
        page = code_page(Look(locale, "/join/x"), 'to"ken', "<b>{contact}</b>@example.org")
        assert "&lt;b&gt;{contact}&lt;/b&gt;@example.org" in page
        assert 'value="to&quot;ken"' in page


def test_every_language_has_every_word() -> None:
    """And the same places to fill in."""
    words = all_words()
    assert set(words) == set(LOCALES)
    for key, english in words["en"].items():
        for locale in LOCALES:
            for place in ("{programme}", "{contact}", "{minutes}"):
                assert (place in english) == (place in words[locale][key]), (locale, key)
    assert all(set(one) == set(words["en"]) for one in words.values())
