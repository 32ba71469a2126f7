"""Why an offer is not there, in words: one sentence for each check, in the reader's language."""

import functools
from collections.abc import Mapping
from datetime import date, time
from importlib import resources
from typing import Any

import yaml
from babel.dates import format_date, format_time
from babel.numbers import format_decimal

from fedele.api.explaining_words import Speaker
from fedele.domains.explaining.types import Failed
from fedele.domains.offers.types import Check
from fedele.domains.programme.config import Places
from fedele.domains.programme.types import Programme
from fedele.kernel.languages import babel_locale

LANGUAGES = ("en", "it", "ru", "ar")


@functools.cache
def sentences(language: str) -> Mapping[str, str]:
    """The sentences of a language, from `offer_checks.<language>.yaml`; English for one that has none."""
    known = language if language in LANGUAGES else "en"
    text = resources.files("fedele.api").joinpath(f"offer_checks.{known}.yaml").read_text(encoding="utf-8")
    found: Mapping[str, str] = yaml.safe_load(text)
    return found


def told(check: Check | None, programme: Programme, locale: str) -> str:
    """What a failed check saw and wanted; None: the offer is open."""
    words = sentences(locale.partition("-")[0])
    if check is None or check.passed:
        return words["open"]
    values, speaker = dict(check.values), Speaker(programme, locale)
    key = _variant(check.name, values)
    shown = {name: _shown(name, value, speaker) for name, value in values.items()}
    if "values" in values:
        failed = Failed(str(values.get("condition", "")), values["values"], (), unknown=not values.get("known", True))
        shown["facts"] = speaker.facts(failed)
        key = key if shown["facts"] else f"{check.name}_unknown"
    return words[key].format_map(_Absent(shown))


class _Absent(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _variant(name: str, values: Mapping[str, Any]) -> str:
    """Which sentence of a check: some know more, some less."""
    match name:
        case "dates":
            begins = values.get("starts") and values["local"][:10] < values["starts"]
            return "dates_before" if begins else "dates_after"
        case "hours":
            return "hours_next" if values.get("opens") else "hours"
        case "place":
            if values.get("distance_metres") is None:
                return "place_beacon" if values.get("beacon") else "place_unknown"
            return "place" if values.get("radius_metres") else "place_area"
        case "weather":
            return "weather" if values.get("known") else "weather_unknown"
        case _:
            return name


def _shown(name: str, value: Any, speaker: Speaker) -> str:
    if value is None:
        return ""
    if name in ("local", "opens"):
        day, _, clock = str(value).partition(" ")
        locale = babel_locale(speaker.locale)
        return f"{format_date(date.fromisoformat(day), format='medium', locale=locale)} {_clock(clock, locale)}"
    if name in ("starts", "ends"):
        return format_date(date.fromisoformat(value), format="long", locale=babel_locale(speaker.locale))
    if name == "place":
        places = {place.key: place for place in speaker.programme.section(Places)}
        return places[value].name.in_locale(speaker.locale, speaker.default) if value in places else str(value)
    if name == "tier":
        return speaker.tier(str(value))
    if isinstance(value, list):
        return ", ".join(speaker.tier(str(item)) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return format_decimal(value, locale=babel_locale(speaker.locale))
    return str(value)


def _clock(clock: str, locale: Any) -> str:
    return format_time(time.fromisoformat(clock), format="short", locale=locale)
