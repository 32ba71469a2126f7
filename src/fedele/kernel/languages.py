"""Languages as CLDR knows them, by way of Babel: how a language writes a number, and which plural it takes."""

import functools
from decimal import Decimal
from typing import Literal, cast

from babel import Locale, UnknownLocaleError

PluralForm = Literal["zero", "one", "two", "few", "many", "other"]


@functools.cache
def babel_locale(tag: str) -> Locale:
    """Babel's locale for a BCP 47 tag: it-CH → it → English, for a language that CLDR does not know."""
    for candidate in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def plural_form(amount: Decimal, tag: str) -> PluralForm:
    """CLDR's plural form of a noun after this number: in Russian 1 is one, 2 few, 5 many, 1.5 other."""
    return _plural_form(str(amount), tag)  # by its digits: 1 and 1.0 are equal, and differ in English


@functools.lru_cache(maxsize=4_096)
def _plural_form(digits: str, tag: str) -> PluralForm:
    return cast(PluralForm, babel_locale(tag).plural_form(Decimal(digits)))
