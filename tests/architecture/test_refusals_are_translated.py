"""Every refusal can be told in every language that ships with Fedele."""

import importlib
import pkgutil
import string

import pytest

import fedele
from fedele.api.texts import LOCALES, refusal_text, refusal_texts
from fedele.kernel.refusal import Refusal


def messages() -> dict[str, str]:
    """The English of every refusal, by code."""
    for module in pkgutil.walk_packages(fedele.__path__, "fedele."):
        if ".migrations." not in module.name and not module.name.endswith(("__main__", ".asgi")):
            importlib.import_module(module.name)

    def below(kind: type[Refusal]) -> list[type[Refusal]]:
        return [sub for direct in kind.__subclasses__() for sub in (direct, *below(direct))]

    ours = [kind for kind in below(Refusal) if kind.__module__.startswith("fedele.") and "code" in vars(kind)]
    return {kind.code: kind.message for kind in ours}


def names(text: str) -> set[str]:
    """The details that a text names."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", [locale for locale in LOCALES if locale != "en"])
def test_every_refusal_is_translated(language: str) -> None:
    """None is missing, none is left over, and no translation names a detail that its refusal does not have."""
    english, texts = messages(), refusal_texts(language)
    assert sorted(set(english) - set(texts)) == [], f"add them to src/fedele/api/refusals.{language}.yaml"
    assert sorted(set(texts) - set(english)) == []
    assert {
        code: names(text) - names(english[code]) for code, text in texts.items() if names(text) - names(english[code])
    } == {}


def test_a_refusal_speaks_the_language_asked_for() -> None:
    """With its details in place; what nobody has translated stays English."""

    class OnlyEnglish(Refusal):
        code = "ONLY_ENGLISH_IN_A_TEST"
        message = "Only {what}."

    class Closed(Refusal):
        code = "OFFER_LIMIT_REACHED"
        message = "Taken {limit} times."

    assert refusal_text(Closed(limit=2), "it-CH") == "Hai già preso questa offerta; il massimo per ciascuno: 2."
    assert refusal_text(Closed(limit=2), "en") == "Taken 2 times."
    assert refusal_text(OnlyEnglish(what="this"), "ru") == "Only this."
