"""A template's words for one reader: their language, their name, amounts as their language writes them."""

import string
from collections.abc import Mapping
from typing import Any

from babel.numbers import format_decimal

from fedele.domains.messaging.config import MessageTemplate
from fedele.domains.messaging.types import ActionWords, AmountValue, Value, Wording
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme, Text
from fedele.kernel.languages import babel_locale
from fedele.kernel.money import from_units


class _Gentle(string.Formatter):
    """Fills braces by name only; one that nothing fills stays empty, since a reader cannot mend it."""

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        return kwargs.get(str(key), "")

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return kwargs.get(field_name, ""), field_name  # no attributes, no indexes: `{name.__class__}` is just unknown


_FORMATTER = _Gentle()


def put_into_words(
    programme: Programme, template: MessageTemplate, values: Mapping[str, Value], locale: str, name: str | None
) -> Wording:
    """The message for a reader of this locale. A locale that a text lacks falls back as Text.in_locale says."""
    default = programme.section(ProgrammeConfig).default_locale
    words = {key: _word(programme, value, locale, default) for key, value in values.items()}
    words |= currency_words(programme, values, locale, default) | {"name": name or ""}
    title, body = (
        _FORMATTER.vformat(text.in_locale(locale, default), (), words) for text in (template.title, template.body)
    )
    link = _FORMATTER.vformat(template.deep_link, (), words) if template.deep_link else None
    actions = tuple(
        ActionWords(
            action.key,
            _FORMATTER.vformat(action.label.in_locale(locale, default), (), words),
            _FORMATTER.vformat(action.deep_link, (), words) if action.deep_link else None,
        )
        for action in template.actions
    )
    return Wording(locale, title.strip(), body.strip(), link, template.image, actions)


def fill(programme: Programme, text: Text, values: Mapping[str, Value], locale: str, name: str | None) -> str:
    """One text for a reader of this locale, its braces filled."""
    default = programme.section(ProgrammeConfig).default_locale
    words = {key: _word(programme, value, locale, default) for key, value in values.items()}
    words |= currency_words(programme, values, locale, default) | {"name": name or ""}
    return _FORMATTER.vformat(text.in_locale(locale, default), (), words).strip()


def currency_words(programme: Programme, values: Mapping[str, Value], locale: str, default: str) -> dict[str, str]:
    """`{currency}`: the name of the currency of `{amount}`, in the plural that the language has after that number."""
    amount = values.get("amount")
    if not isinstance(amount, AmountValue):
        return {}
    currency = programme.section(Currencies).get(amount.currency)
    return {"currency": currency.named(from_units(amount.units, currency.decimals), locale, default)}


def values_to_json(values: Mapping[str, Value]) -> dict[str, Any]:
    """Values as they are stored."""
    return {key: _stored(value) for key, value in values.items()}


def values_from_json(stored: Mapping[str, Any]) -> dict[str, Value]:
    """Values as they were."""
    return {key: _read(value) for key, value in stored.items()}


def _stored(value: Value) -> Any:
    if isinstance(value, AmountValue):
        return {"currency": value.currency, "units": value.units}
    return {"text": value.root} if isinstance(value, Text) else value


def _read(value: Any) -> Value:
    if not isinstance(value, dict):
        return str(value)
    return Text(value["text"]) if "text" in value else AmountValue(value["currency"], value["units"])


def _word(programme: Programme, value: Value, locale: str, default: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Text):
        return value.in_locale(locale, default)
    decimals = programme.section(Currencies).get(value.currency).decimals
    return format_decimal(from_units(value.units, decimals), locale=babel_locale(locale), group_separator=True)
