"""The ${placeholders} of a design's pass.json: what each stands for, and how a template is filled.

A placeholder may stand anywhere inside a text. A field (or barcode, or any object) one of whose placeholders has no
value for this member is left out whole: a member without a tier has no tier field.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

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


Escaped = Mapping[str, bytes | None]  # a placeholder's text as it stands inside a JSON string
Filler = Callable[[Escaped], bytes | None]


def compile_template(template: Mapping[str, Any]) -> Callable[[Values], list[bytes]]:
    """A function that fills the template: the members ("key":value) of the JSON object that are present.

    All that does not depend on the member is encoded here, once; filling joins bytes.
    """
    parts = [_member(key, value) for key, value in template.items()]

    def fill(values: Values) -> list[bytes]:
        escaped = {name: orjson.dumps(text)[1:-1] if text is not None else None for name, text in values.items()}
        return [filled for part in parts if (filled := part(escaped)) is not None]

    return fill


def _compile(value: Any) -> Filler:
    if isinstance(value, str):
        return _joined(_text_pieces(value))
    if isinstance(value, dict) and not any(placeholders_in([*filter(_is_container, value.values())])):
        return _joined(_object_pieces(value))
    if isinstance(value, dict):
        texts = [name for each in value.values() if isinstance(each, str) for name in PLACEHOLDER.findall(each)]
        return _gathered([_member(key, each) for key, each in value.items()], b"{", b"}", texts)
    if isinstance(value, list):
        return _gathered([_compile(each) for each in value], b"[", b"]", [])
    return _joined([orjson.dumps(value)])


def _member(key: str, value: Any) -> Filler:
    name, fill = orjson.dumps(key) + b":", _compile(value)

    def fill_member(escaped: Escaped) -> bytes | None:
        filled = fill(escaped)
        return None if filled is None else name + filled

    return fill_member


def _joined(pieces: Iterable[bytes | str]) -> Filler:
    """Bytes as they are, and placeholders by name (str). Absent as soon as one placeholder has no value."""
    literals, names = _merged(pieces)
    if not names:
        fixed = literals[0]
        return lambda _escaped: fixed
    if len(names) == 1:  # most fields
        (before, after), (name,) = literals, names

        def fill_one(escaped: Escaped) -> bytes | None:
            found = escaped.get(name)
            return None if found is None else b"%b%b%b" % (before, found, after)

        return fill_one
    template = b"%b".join(literal.replace(b"%", b"%%") for literal in literals)

    def fill(escaped: Escaped) -> bytes | None:
        found = tuple(escaped.get(name) for name in names)
        return None if None in found else template % found

    return fill


def _merged(pieces: Iterable[bytes | str]) -> tuple[list[bytes], list[str]]:
    """The row as literals and the names between them: one literal more than names."""
    literals, names = [b""], []
    for piece in pieces:
        if isinstance(piece, bytes):
            literals[-1] += piece
        else:
            names.append(piece)
            literals.append(b"")
    return literals, names


def _gathered(fillers: list[Filler], opening: bytes, closing: bytes, needed: list[str]) -> Filler:
    """What is present of several, between brackets. Absent if one of the texts it needs itself has no value."""

    def fill(escaped: Escaped) -> bytes | None:
        if any(escaped.get(name) is None for name in needed):
            return None
        return opening + b",".join([filled for each in fillers if (filled := each(escaped)) is not None]) + closing

    return fill


def _object_pieces(value: Mapping[str, Any]) -> Iterator[bytes | str]:
    """An object whose placeholders stand in its own texts, as one row of bytes and names."""
    for index, (key, each) in enumerate(value.items()):
        yield (b"," if index else b"{") + orjson.dumps(key) + b":"
        if isinstance(each, str):
            yield from _text_pieces(each)
        else:
            yield orjson.dumps(each)
    yield b"}" if value else b"{}"


def _text_pieces(text: str) -> Iterator[bytes | str]:
    """text, name, text, name, …, text: as JSON."""
    yield b'"'
    for index, piece in enumerate(PLACEHOLDER.split(text)):
        yield piece if index % 2 else orjson.dumps(piece)[1:-1]
    yield b'"'


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list)
