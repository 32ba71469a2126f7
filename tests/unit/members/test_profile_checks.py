"""What a profile may say."""

from typing import Any

import pytest

from fedele.domains.members.config import MembersConfig
from fedele.domains.members.errors import PreferenceInvalid, PreferenceUnknown, ProfileInvalid
from fedele.domains.members.profile import check_change, check_preferences
from fedele.domains.members.types import MonthDay, ProfileChange

CONFIG = MembersConfig.model_validate(
    {
        "preferences": {
            "diet": {"type": "choice", "choices": ["vegan", "any"]},
            "aisles": {"type": "choices", "choices": ["wine", "bread", "fish"], "choices_max": 2},
            "digital_receipt": {"type": "flag"},
            "household": {"type": "number", "minimum": 1, "maximum": 12},
            "note": {"type": "text", "length_max": 5},
        }
    }
)


def test_only_what_is_mentioned_changes() -> None:
    """UNSET leaves a field alone, None clears it, and a birthday is set or cleared whole."""
    assert check_change(ProfileChange()) == {}
    assert check_change(ProfileChange(display_name=None)) == {"display_name": None}
    assert check_change(ProfileChange(birthday=MonthDay(2, 29))) == {"birthday_month": 2, "birthday_day": 29}
    assert check_change(ProfileChange(birthday=None)) == {"birthday_month": None, "birthday_day": None}


@pytest.mark.parametrize("name", ["Ada", "Нина", "هند", "Zoë 👩‍👧", "D'Arcy-Smith"])
def test_names_of_any_script_are_welcome(name: str) -> None:
    """Including the joiners that Arabic and emoji need."""
    assert check_change(ProfileChange(display_name=f"  {name} ")) == {"display_name": name}


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "a\x00b", "line\nbreak", "abc\u202edcba"])
def test_names_that_break_the_line_are_refused(name: str) -> None:
    """Empty, overlong, with control characters, or turning the text around them."""
    with pytest.raises(ProfileInvalid) as refusal:
        check_change(ProfileChange(display_name=name))
    assert refusal.value.field == "displayName"


@pytest.mark.parametrize(("given", "expected"), [("it", "it"), ("pt-br", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN")])
def test_locales_get_their_usual_spelling(given: str, expected: str) -> None:
    """BCP 47 as CLDR writes it."""
    assert check_change(ProfileChange(locale=given)) == {"locale": expected}


@pytest.mark.parametrize(
    "change",
    [ProfileChange(locale="klingon"), ProfileChange(locale=""), ProfileChange(time_zone="Rome"),
     ProfileChange(time_zone="../etc/passwd"), ProfileChange(picture_url="http://x.org/a.png"),
     ProfileChange(picture_url="javascript:alert(1)"), ProfileChange(background_url="https://user@x.org/"),
     ProfileChange(background_url="https:///x"), ProfileChange(locale=None), ProfileChange(time_zone=None)],  # type: ignore[arg-type]
)  # fmt: skip
def test_what_means_nothing_is_refused(change: ProfileChange) -> None:
    """Unknown locales and zones, addresses that are not https, and clearing what cannot be empty."""
    with pytest.raises(ProfileInvalid):
        check_change(change)


@pytest.mark.parametrize("day", [(2, 30), (4, 31), (13, 1), (0, 1)])
def test_impossible_birthdays_do_not_exist(day: tuple[int, int]) -> None:
    """29 February does, 30 February does not."""
    with pytest.raises(ValueError):
        MonthDay(*day)


@pytest.mark.parametrize(
    ("key", "value"),
    [("diet", "vegan"), ("aisles", ["wine", "fish"]), ("digital_receipt", False), ("household", 3),
     ("household", 2.5), ("note", "salve"), ("diet", None)],
)  # fmt: skip
def test_declared_preferences_are_taken(key: str, value: Any) -> None:
    """Each kind takes its values; None takes any away."""
    assert check_preferences({key: value}, CONFIG) == {key: value}


@pytest.mark.parametrize(
    ("key", "value"),
    [("diet", "meat"), ("diet", ["vegan"]), ("aisles", ["wine", "wine"]), ("aisles", ["wine", "bread", "fish"]),
     ("aisles", "wine"), ("aisles", [["wine"]]), ("digital_receipt", 1), ("household", True), ("household", 0),
     ("household", float("nan")), ("note", "too long"), ("note", {"a": 1})],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_by_key(key: str, value: Any) -> None:
    """The refusal names the key and what it takes."""
    with pytest.raises(PreferenceInvalid) as refusal:
        check_preferences({key: value}, CONFIG)
    assert refusal.value.details["key"] == key


def test_undeclared_preferences_are_refused() -> None:
    """Free-form means declared by the programme, not by whoever sends JSON."""
    with pytest.raises(PreferenceUnknown):
        check_preferences({"is_admin": True}, CONFIG)
