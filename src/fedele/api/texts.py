"""The words of refusals in the languages that ship with Fedele. English is the refusal's own message."""

import functools
from importlib import resources
from typing import Any

import yaml

from fedele.kernel.refusal import Refusal

LOCALES = ("en", "it", "ru", "ar")


@functools.cache
def refusal_texts(language: str) -> dict[str, str]:
    """The translations by code, from `refusals.<language>.yaml` beside this file."""
    source = resources.files("fedele.api").joinpath(f"refusals.{language}.yaml")
    if not source.is_file():
        return {}
    texts: dict[str, str] = yaml.safe_load(source.read_text(encoding="utf-8")) or {}
    return texts


def refusal_text(refusal: Refusal, locale: str) -> str:
    """The refusal in this locale's language, else in English."""
    text = refusal_texts(locale.partition("-")[0]).get(refusal.code)
    return _fill(text, refusal.details) if text else str(refusal)


def _fill(text: str, details: dict[str, Any]) -> str:
    return text.format(**details)
