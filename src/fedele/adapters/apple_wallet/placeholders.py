"""The ${placeholders} of a design's pass.json: what each stands for, and how a template is filled.

A placeholder may stand anywhere inside a text. A field (or barcode, or any object) one of whose placeholders has no
value for this member is left out whole: a member without a tier has no tier field.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

import orjson

from fedele.adapters.apple_wallet.figures import Figures, figures
from fedele.domains.wallet.types import CardState, CardTicket, CardVoucher

PLACEHOLDER = re.compile(r"\$\{([a-z0-9_]+)\}")
MEANINGS = {
    "card_code": "the member's static card code",
    "serial": "the pass's serial number",
    "member_name": "the display name; absent when the member gave none",
    "member_since": "the month of joining, as the member's language writes it",
    "programme_name": "the programme's name in the member's language",
    "balance": "the first currency's balance, formatted for the member's locale",
    "balance_name": "the first currency's name",
    "balance_<currency>": "the balance of the currency with this key",
    "tier": "the tier's name; absent without a tier",
    "next_tier": "the next tier's name; absent at the top",
    "expiring": "how much is lost next; absent when nothing is",
    "expires_on": "the last day it is good for",
    "news": "the latest message sent to the card; absent without one",
}
# What passes of rewards, claimed offers and tickets say beside names and code; absent on a card.
FURTHER_MEANINGS = {
    "reward_name": "the reward's or offer's name",
    "reward_value": "its large figure: 5 $, 20 %, ×2; absent where it has none",
    "reward_text": "its description",
    "reward_terms": "its terms",
    "valid_until": "the last day it can be used",
    "event_name": "what the ticket is for",
    "event_text": "its description",
    "event_day": "the day it begins, at the venue",
    "event_time": "the hour it begins, at the venue",
    "event_starts": "its beginning for machines (ISO 8601), for semantics",
    "event_ends": "its end for machines",
    "venue": "where it is",
    "persons": "for how many the ticket is",
}

Values = Mapping[str, str | None]
_ABSENT = object()


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
        "news": card.news or None,
    }
    for balance in reversed(card.balances):  # the first one last, so that it is `balance`
        values["balance"] = values[f"balance_{balance.currency}"] = write.amount(balance.available)
        values["balance_name"] = balance.name
    if card.voucher is not None:
        values.update(_of_voucher(card.voucher, write))
    if card.ticket is not None:
        values.update(_of_ticket(card.ticket, write))
    return values


def _of_voucher(voucher: CardVoucher, write: Figures) -> dict[str, str | None]:
    # It is good until an instant: at midnight, the day before is its last.
    until = voucher.usable_until - timedelta(microseconds=1) if voucher.usable_until else None
    return {
        "reward_name": voucher.name,
        "reward_value": figure_of(voucher, write),
        "reward_text": voucher.description or None,
        "reward_terms": voucher.terms or None,
        "valid_until": write.day(until.date(), "medium") if until else None,
    }


def _of_ticket(ticket: CardTicket, write: Figures) -> dict[str, str | None]:
    return {
        "event_name": ticket.name,
        "event_text": ticket.description or None,
        "event_day": write.day(ticket.starts_at.date(), "medium"),
        "event_time": write.hour(ticket.starts_at),
        "event_starts": ticket.starts_at.isoformat(),
        "event_ends": ticket.ends_at.isoformat(),
        "venue": ticket.venue or None,
        "persons": write.amount(Decimal(ticket.persons)),
    }


def figure_of(voucher: CardVoucher, write: Figures) -> str | None:
    """The large figure of a coupon, or None."""
    if voucher.money is not None:
        return write.money(*voucher.money)
    if voucher.percent is not None:
        return write.percent(voucher.percent)
    return f"×{write.amount(voucher.times)}" if voucher.times is not None else None


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
    return placeholder in MEANINGS or placeholder in FURTHER_MEANINGS or placeholder.startswith("balance_")


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """The document of members who miss the same values: its text with a hole a value, and what fills each."""

    text: bytes
    fillings: Callable[[list[bytes]], tuple[bytes, ...]]


class Template:
    """A design's pass.json, ready to be filled.

    Which fields are there depends only on which values are missing, and members miss the same few: for each such set
    the document is encoded once, with a hole for each value. Filling is one formatting of bytes.
    """

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._template = template
        self._names = sorted({name for _path, name in placeholders_in(dict(template))})
        self._rows: dict[tuple[bool, ...], _Row] = {}

    def fill(self, values: Values) -> bytes:
        """The members of the JSON object, without its braces."""
        get = values.get
        texts = [get(name) for name in self._names]
        missing = tuple([text is None for text in texts])
        row = self._rows.get(missing)
        if row is None:
            row = self._rows[missing] = self._row_without(missing)
        if True in missing:
            texts = [text for text in texts if text is not None]
        # All at once: in JSON, a quotation mark within a text has a backslash before it, so `","` stands between texts.
        return row.text % row.fillings(orjson.dumps(texts)[2:-2].split(b'","'))

    def _row_without(self, missing: tuple[bool, ...]) -> _Row:
        """`missing` says of each name, in order, whether it has no value."""
        absent = frozenset(name for name, gone in zip(self._names, missing, strict=True) if gone)
        present = [name for name in self._names if name not in absent]
        kept = {key: each for key, value in self._template.items() if (each := _without(value, absent)) is not _ABSENT}
        encoded = orjson.dumps(kept)[1:-1].decode()
        literals = PLACEHOLDER.split(encoded)  # text, name, text, name, …, text
        text = "%b".join(literal.replace("%", "%%") for literal in literals[::2]).encode()
        order = [present.index(name) for name in literals[1::2]]
        if not order:
            return _Row(text, lambda _pieces: ())
        if len(order) == 1:
            return _Row(text, lambda pieces: (pieces[order[0]],))
        return _Row(text, itemgetter(*order))


def _without(value: Any, missing: frozenset[str]) -> Any:
    """The value less what needs a missing placeholder: an object goes with a text of its own, a list lets items go."""
    if isinstance(value, str):
        return _ABSENT if missing.intersection(PLACEHOLDER.findall(value)) else value
    if isinstance(value, list):
        return [each for item in value if (each := _without(item, missing)) is not _ABSENT]
    if not isinstance(value, dict):
        return value
    kept = {key: _without(each, missing) for key, each in value.items()}
    if any(kept[key] is _ABSENT for key, each in value.items() if isinstance(each, str)):
        return _ABSENT
    return {key: each for key, each in kept.items() if each is not _ABSENT}
