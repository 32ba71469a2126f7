"""What a profile may say: pure checks of names, locales, zones, URLs and preferences. Each raises its refusal."""

import unicodedata
import zoneinfo
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError

from fedele.domains.members.config import (
    ChoicePreference,
    ChoicesPreference,
    FlagPreference,
    MembersConfig,
    NumberPreference,
    TextPreference,
)
from fedele.domains.members.errors import PreferenceInvalid, PreferenceUnknown, ProfileInvalid
from fedele.domains.members.types import UNSET, ProfileChange, Unset

NAME_LENGTH_MAX = 80
URL_LENGTH_MAX = 2048
STORE_LENGTH_MAX = 100
# Characters that reorder the text around them: a name must not be able to rewrite the line it is printed in.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_change(change: ProfileChange) -> dict[str, Any]:
    """The columns to set, each checked and normalised. Raises ProfileInvalid with the field to blame."""
    columns: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        value = getattr(change, name)
        if not isinstance(value, Unset):
            columns[name] = value if value is None and name not in _NEVER_NULL else check(value)
    if change.birthday is not UNSET and not isinstance(change.birthday, Unset):
        columns["birthday_month"] = change.birthday.month if change.birthday else None
        columns["birthday_day"] = change.birthday.day if change.birthday else None
    return columns


def check_display_name(value: str) -> str:
    """A name as people write them in any script: no control characters, 1 to 80 characters."""
    text = unicodedata.normalize("NFC", value).strip()
    if not 1 <= len(text) <= NAME_LENGTH_MAX:
        raise ProfileInvalid(problem=f"A name has 1 to {NAME_LENGTH_MAX} characters.", field="displayName")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Co", "Zl", "Zp"} for character in text) or (
        set(text) & _BIDI_CONTROLS
    ):
        raise ProfileInvalid(problem="A name has no control characters.", field="displayName")
    return text


def check_locale(value: str | None) -> str:
    """A BCP 47 tag that CLDR knows, in its usual spelling: "pt-br" → "pt-BR"."""
    try:
        parsed = Locale.parse(value or "", sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise ProfileInvalid(problem="This is not a locale; write it like it, en-GB or ar.", field="locale") from None
    return str(parsed).replace("_", "-")


def check_time_zone(value: str | None) -> str:
    """An IANA time zone."""
    if value not in _time_zones():
        raise ProfileInvalid(problem="This is not a time zone; write it like Europe/Rome.", field="timeZone")
    return value


def check_preferences(changes: Mapping[str, Any], config: MembersConfig) -> dict[str, Any]:
    """Each change fits what the programme declares; None takes a preference away. Raises naming the key."""
    for key, value in changes.items():
        declared = config.preferences.get(key)
        if declared is None:
            raise PreferenceUnknown(key=key[:64], field="preferences")
        if value is not None and (problem := _preference_problem(declared, value)):
            raise PreferenceInvalid(key=key, problem=problem, field="preferences")
    return dict(changes)


def _preference_problem(declared: Any, value: Any) -> str | None:
    match declared:
        case ChoicePreference(choices=choices):
            fits, wanted = isinstance(value, str) and value in choices, f"one of {', '.join(choices)}"
        case ChoicesPreference(choices=choices, choices_max=most):
            fits = (
                isinstance(value, list)
                and len(value) <= most
                and all(isinstance(item, str) and item in choices for item in value)
                and len(set(value)) == len(value)
            )
            wanted = f"up to {most} different ones of {', '.join(choices)}"
        case FlagPreference():
            fits, wanted = isinstance(value, bool), "true or false"
        case NumberPreference(minimum=low, maximum=high):
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            fits = fits and (low is None or value >= low) and (high is None or value <= high)
            wanted = f"a number from {low if low is not None else '-∞'} to {high if high is not None else '∞'}"
        case TextPreference(length_max=most):
            fits, wanted = isinstance(value, str) and len(value) <= most, f"text of at most {most} characters"
        case _:  # pragma: no cover - the union is closed
            raise AssertionError(declared)
    return None if fits else f"it takes {wanted}"


def _check_url(field: str) -> Any:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if len(value) > URL_LENGTH_MAX or parts.scheme != "https" or not parts.hostname or parts.username:
            raise ProfileInvalid(problem="Send an https:// address of at most 2048 characters.", field=field)
        return value

    return check


def _check_store(value: str) -> str:
    if not 1 <= len(value) <= STORE_LENGTH_MAX:
        raise ProfileInvalid(problem="This is not a store.", field="homeStore")
    return value


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


_NEVER_NULL = frozenset({"locale", "time_zone"})
_CHECKS = {
    "display_name": check_display_name,
    "locale": check_locale,
    "time_zone": check_time_zone,
    "picture_url": _check_url("picture"),
    "background_url": _check_url("background"),
    "home_store": _check_store,
}
