"""The ${placeholders} of a design's pass.json: what each stands for, and how a template is filled.

A placeholder may stand anywhere inside a text. A field (or barcode, or any object) one of whose placeholders has no
value for this member is left out whole: a member without a tier has no tier field.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fedele.adapters.apple_wallet.figures import figures
from fedele.domains.wallet.types import CardState

PLACEHOLDER = re.compile(r"\$\{([a-z0-9_]+)\}")
MEANINGS = {
    "card_code": "the member's static card code",
    "serial": "the pass's serial number",
    "member_name": "the display name; absent when the member gave none",
    "member_since": "the day of joining, in the member's format",
    "programme_name": "the programme's name in the member's language",
    "balance": "the first currency's balance, formatted for the member's locale",
    "balance_name": "the first currency's name",
    "balance_<currency>": "the balance of the currency with this key",
    "tier": "the tier's name; absent without a tier",
    "next_tier": "the next tier's name; absent at the top",
    "expiring": "how much is lost next; absent when nothing is",
    "expires_on": "the last day it is good for",
}

Values = Mapping[str, str | None]


def values_of(card: CardState) -> dict[str, str | None]:
    """Every placeholder's text for this card; None where the member has no such thing."""
    write = figures(card.locale)
    values: dict[str, str | None] = {
        "card_code": card.card_code,
        "serial": card.serial,
        "member_name": card.display_name or None,
        "member_since": write.day(card.member_since, "LLLL y") if card.member_since else None,
        "programme_name": card.programme_name,
        "tier": card.tier_name,
        "next_tier": card.next_tier_name,
        "expiring": write.amount(card.expiry.amount) if card.expiry else None,
        "expires_on": write.day(card.expiry.on, "medium") if card.expiry else None,
    }
    for balance in reversed(card.balances):  # the first one last, so that it is `balance`
        values["balance"] = values[f"balance_{balance.currency}"] = write.amount(balance.available)
        values["balance_name"] = balance.name
    return values


def placeholders_in(value: Any, path: str = "pass.json") -> Iterator[tuple[str, str]]:
    """(path, placeholder) of every placeholder in a template."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from placeholders_in(each, f"{path}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from placeholders_in(each, f"{path}[{index}]")
    elif isinstance(value, str):
        for match in PLACEHOLDER.finditer(value):
            yield path, match[1]


def is_known(placeholder: str) -> bool:
    """Does this placeholder mean anything?"""
    return placeholder in MEANINGS or placeholder.startswith("balance_")


Filler = Callable[[Values], Any]
_ABSENT = object()


def compile_template(template: dict[str, Any]) -> Callable[[Values], dict[str, Any]]:
    """A function that fills the template; fixed parts are returned as they are, without being walked again."""
    parts = [(key, _compile(value)) for key, value in template.items()]

    def fill(values: Values) -> dict[str, Any]:
        return {key: each for key, filler in parts if (each := filler(values)) is not _ABSENT}

    return fill


def _compile(value: Any) -> Filler:
    if not any(placeholders_in(value)):
        return lambda _values: value
    if isinstance(value, dict):
        return _compile_object(value)
    if isinstance(value, list):
        fillers = [_compile(each) for each in value]
        return lambda values: [each for filler in fillers if (each := filler(values)) is not _ABSENT]
    return _compile_text(value)


def _compile_object(template: dict[str, Any]) -> Filler:
    parts = [(key, _compile(value), isinstance(value, str)) for key, value in template.items()]

    def fill(values: Values) -> Any:
        filled = {}
        for key, filler, is_text in parts:
            each = filler(values)
            if each is not _ABSENT:
                filled[key] = each
            elif is_text:
                return _ABSENT
        return filled

    return fill


def _compile_text(template: str) -> Filler:
    pieces = PLACEHOLDER.split(template)  # text, name, text, name, …, text

    def fill(values: Values) -> Any:
        found = [values.get(piece) if index % 2 else piece for index, piece in enumerate(pieces)]
        return _ABSENT if None in found else "".join(text for text in found if text)

    return fill
