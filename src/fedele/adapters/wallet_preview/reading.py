"""The document as a phone reads it: words in the phone's language, values as their field says they are written."""

import re
from datetime import datetime
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from fedele.adapters.apple_wallet.model import PassDocument, PassField
from fedele.adapters.apple_wallet.words import Strings

_TAG = re.compile(r"<[^>]+>")
_WIDTHS = {
    "PKDateStyleShort": "short",
    "PKDateStyleMedium": "medium",
    "PKDateStyleLong": "long",
    "PKDateStyleFull": "full",
}


class Said(NamedTuple):
    """Words, and the key of pass.strings they came from."""

    text: str
    key: str | None


class Reader:
    """Reads one pass in one language."""

    def __init__(self, document: PassDocument, strings: Strings, language: str) -> None:
        self.document = document
        self.language = language
        self._strings = strings.get(language) or strings.get(language.partition("-")[0]) or {}
        self._locale = Locale.parse(language, sep="-")

    def said(self, text: str | None) -> Said:
        """A text, translated if it is a key."""
        if text is None:
            return Said("", None)
        return Said(self._strings[text], text) if text in self._strings else Said(text, None)

    def value(self, field: PassField) -> Said:
        """A field's value as it is shown."""
        if field.attributed_value is not None:
            said = self.said(field.attributed_value)
            return Said(_TAG.sub("", said.text), said.key)
        if isinstance(field.value, str):
            return Said(self._dated(field), None) if self._is_date(field) else self.said(field.value)
        if field.currency_code:
            return Said(format_currency(field.value, field.currency_code, locale=self._locale), None)
        if field.number_style == "PKNumberStylePercent":
            return Said(format_percent(field.value, locale=self._locale), None)
        return Said(format_decimal(field.value, locale=self._locale), None)

    @staticmethod
    def _is_date(field: PassField) -> bool:
        return bool({field.date_style, field.time_style} & _WIDTHS.keys())

    def _dated(self, field: PassField) -> str:
        try:
            moment = datetime.fromisoformat(str(field.value))
        except ValueError:
            return str(field.value)
        parts = []
        if width := _WIDTHS.get(field.date_style or ""):
            parts.append(format_date(moment.date(), width, locale=self._locale))
        if width := _WIDTHS.get(field.time_style or ""):
            parts.append(format_time(moment, width, locale=self._locale))
        return " ".join(parts)
