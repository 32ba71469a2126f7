"""What is read out of texts in four languages: language, urgency, themes, contradictions."""

import pytest

from fedele.domains.support.config import SupportConfig
from fedele.domains.support.reading import examples_of, read
from fedele.domains.support.reading.contradiction import contradicts
from fedele.domains.support.reading.language import language_of
from fedele.domains.support.reading.urgency import URGENT, urgent_for
from fedele.domains.support.reading.words import holds
from fedele.domains.support.types import Analysed, Feeling, Scores


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The queue was far too long and nobody said sorry", "en"),
        ("La commessa è stata gentilissima, tornerò", "it"),
        ("Очередь была огромная, но кассир вежливый", "ru"),
        ("الطابور كان طويلا جدا والموظف غير مهذب", "ar"),
        ("PESSIMO!!!", "it"),
        ("Great", "en"),
        ("@riverside https://shop.example/it Очень вкусно", "ru"),
        ("Дякую, було дуже смачно, приїдемо ще", None),
        ("خیلی خوب بود، پنج ستاره", None),
        ("👍👍", None),
        ("12345", None),
        ("", None),
    ],
)
def test_the_language_is_seen(text: str, language: str | None) -> None:
    """Four languages are told apart; Ukrainian, Persian and what is no language are nobody's."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("I found broken glass in the salad and will call my lawyer", ("danger", "law")),
        ("Mia figlia è finita al pronto soccorso", ("danger",)),
        ("С меня списали дважды, это мошенничество", ("theft",)),
        ("وجدت زجاجًا في الطعام ولن أعود أبدا", ("danger", "leaving")),
        ("والشرطة ستعرف", ("law",)),
        ("Больше никогда к вам не приду", ("leaving",)),
        ("The soup was a little cold", ()),
        ("Il gelato era buono ma piccolo", ()),
        ("Fire sale was fun", ("danger",)),
    ],
)
def test_urgency_is_seen_in_every_language(text: str, reasons: tuple[str, ...]) -> None:
    """Danger, law, theft and leaving; a word too many is better than one missed."""
    assert urgent_for(text, {}) == reasons


def test_a_programme_adds_words_of_its_own() -> None:
    """In any of its languages, with an open ending."""
    assert urgent_for("The freezer was thawed again", {"en": ("thaw*",)}) == ("declared",)
    assert urgent_for("The freezer was fine", {"en": ("thaw*",)}) == ()


def test_every_urgent_phrase_finds_itself() -> None:
    """No phrase of the lists is spelt so that normalisation hides it."""
    hidden = [
        phrase
        for reason, phrases in URGENT.items()
        for phrase in phrases
        if reason not in urgent_for(f"xx {phrase.rstrip('*')} xx", {})
    ]
    assert hidden == []


def test_words_are_found_whole_unless_they_end_open() -> None:
    """`late` is not in `chocolate`; Arabic clitics, accents and case do not hide a word."""
    assert not holds("A chocolate cake", ["late"])
    assert holds("It came LATE.", ["late"])
    assert holds("Delivered", ["deliver*"])
    assert holds("perché", ["perche"])
    assert holds("والتوصيل", ["توصيل"])
    assert not holds("anything", ["*"])


THEMES = SupportConfig.model_validate(
    {
        "themes": [
            {"key": "delivery", "name": "Delivery", "words": {"en": ["courier"], "ar": ["توصيل"]}},
            {"key": "staff", "name": "Staff", "examples": ["The cashier was rude", "Nobody greets you"]},
            {"key": "price", "name": "Price", "examples": ["Too expensive"]},
        ]
    }
)


def test_themes_come_from_words_and_from_likeness_each_to_its_own_examples() -> None:
    """The model answers for all examples in a row: the third likeness is the second theme's neighbour's."""
    assert examples_of(THEMES) == ("The cashier was rude", "Nobody greets you", "Too expensive")
    calm = Feeling(0.1, 0.8, 0.1)
    found = read(THEMES, "words", "التوصيل", Scores(), Analysed(calm, (0.1, 0.2, 0.9)), "model")
    assert found.themes == ("delivery", "price")
    found = read(THEMES, "words", "she shouted", Scores(), Analysed(calm, (0.7, 0.2, 0.1)), "model")
    assert (found.themes, found.model) == (("staff",), "model")
    assert read(THEMES, "words", "the courier", Scores(), None, "model").themes == ("delivery",)


@pytest.mark.parametrize(
    ("lowest", "highest", "negative", "positive", "expected"),
    [
        (0.9, 0.9, 0.8, 0.1, True),  # a 9 with angry words
        (0.1, 0.1, 0.1, 0.8, True),  # a 1 with praise
        (0.9, 0.9, 0.5, 0.4, False),  # angry, but not surely
        (0.9, 0.9, 0.1, 0.8, False),
        (0.1, 0.1, 0.9, 0.0, False),
        (0.2, 0.9, 0.1, 0.8, False),  # mixed scores contradict nothing
        (0.2, 0.9, 0.8, 0.1, False),
    ],
)
def test_score_and_words_contradict_each_other(
    lowest: float, highest: float, negative: float, positive: float, expected: bool
) -> None:
    """Only where every score is on one side and the words surely on the other."""
    feeling = Feeling(negative, round(1 - negative - positive, 3), positive)
    assert contradicts(Scores(share=lowest, best_share=highest), feeling) is expected
    assert not contradicts(Scores(), feeling)
    assert not contradicts(Scores(share=lowest, best_share=highest), None)
