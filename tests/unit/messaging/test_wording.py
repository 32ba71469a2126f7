"""Words: the reader's language, amounts as that language writes them, braces that cannot be abused."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from fedele.domains.messaging.config import MessageTemplate
from fedele.domains.messaging.types import AmountValue, Value, Wording
from fedele.domains.messaging.wording import put_into_words, values_from_json, values_to_json
from fedele.domains.programme.config import Currency
from fedele.domains.programme.types import Text
from tests.factories.messaging import make_programme, make_template

EARNED: dict[str, Value] = {
    "amount": AmountValue("points", 12_500),
    "balance": AmountValue("points", 1),
    "transaction": "0199",
    "tier": Text({"en": "Gold", "it": "Oro"}),
}


def words(locale: str, values: Mapping[str, Value] = EARNED, name: str | None = "Giulia", **changes: object) -> Wording:
    """The template's words for a reader."""
    template = MessageTemplate.model_validate(make_template(**changes))
    return put_into_words(make_programme(), template, values, locale, name)


@pytest.mark.parametrize(
    ("locale", "title", "body"),
    [
        ("en", "12,500 points for you", "You have 1 points now, Giulia."),
        ("it", "12.500 punti per te", "Ora hai 1 punti, Giulia."),
        ("it-CH", "12’500 punti per te", "Ora hai 1 punti, Giulia."),
        ("ru", "Вам 12\xa0500 баллов", "You have 1 points now, Giulia."),
        ("ar", "لك 12,500 نقطة", "You have 1 points now, Giulia."),
        ("xx", "12,500 points for you", "You have 1 points now, Giulia."),
    ],
)
def test_each_reader_gets_their_language(locale: str, title: str, body: str) -> None:
    """Title and body fall back separately, and the digits are grouped as the locale groups them."""
    assert (words(locale).title, words(locale).body) == (title, body)


def test_a_text_of_the_programme_speaks_the_readers_language() -> None:
    """A tier's name stands in the message as the reader's language has it."""
    assert words("it", title="{tier}").title == "Oro"
    assert words("ru", title="{tier}").title == "Gold"


def test_the_deep_link_is_filled_too() -> None:
    """The link carries the event's own id."""
    assert words("en").deep_link == "grocer://activity/0199"


def test_tenths_are_written_as_such() -> None:
    """12 units of a currency with one decimal are 1.2, with the language's own comma."""
    stars: dict[str, Value] = {"amount": AmountValue("stars", 12), "balance": AmountValue("stars", 20)}
    assert words("it", stars, title="{amount} {currency}").title == "1,2 Stars"
    assert words("it", stars, title="{balance}").title == "2"


def test_one_point_is_singular() -> None:
    """Where the language has a singular, one unit takes it."""
    one: dict[str, Value] = {"amount": AmountValue("points", 1)}
    assert words("it", one, title={"it": "{amount} {currency}"}).title == "1 punto"


def test_braces_reach_nothing_but_values() -> None:
    """A programme file is not a program: attributes, indexes and unknown names come out empty."""
    assert words("en", body="[{name.__class__}{0}{nobody}{amount.units}]").body == "[]"


def test_values_survive_storage() -> None:
    """What is stored reads back as it was."""
    assert values_from_json(values_to_json(EARNED)) == EARNED


def test_a_nameless_member_leaves_no_hole() -> None:
    """No name, no 'None'."""
    assert "None" not in words("en", name=None).body


@pytest.mark.parametrize(
    ("locale", "units", "title"),
    [
        ("en", 1, "1 point"), ("en", 2, "2 points"), ("it", 1, "1 punto"), ("it", 0, "0 punti"),
        ("ru", 1, "1 балл"), ("ru", 2, "2 балла"), ("ru", 5, "5 баллов"), ("ru", 21, "21 балл"),
        ("ar", 2, "2 نقطتان"), ("ar", 5, "5 نقاط"), ("ar", 11, "11 نقطة"), ("ru", 112, "112 баллов"),
        ("tlh", 2, "2 points"),
    ],
)  # fmt: skip
def test_a_noun_takes_the_plural_of_its_number(locale: str, units: int, title: str) -> None:
    """Russian has three plurals and Arabic more; a language that nobody translated reads the default one."""
    currency = Currency.model_validate({
        "key": "points", "name": {"en": "points", "it": "punti", "ru": "баллов", "ar": "نقطة"},
        "name_one": {"en": "point", "it": "punto", "ru": "балл", "ar": "نقطة"},
        "name_forms": {"ru": {"few": "балла", "other": "балла"}, "ar": {"two": "نقطتان", "few": "نقاط"}},
    })  # fmt: skip
    assert f"{units} {currency.named(Decimal(units), locale)}" == title
