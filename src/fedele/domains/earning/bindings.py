"""The values that a rule's conditions read, in the words of `kernel.vocabulary`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from fedele.domains.activity.types import Line
from fedele.domains.earning.types import Earner, Occasion, Sale
from fedele.domains.segments.types import now_values
from fedele.kernel.expressions import Bindings, Rows
from fedele.kernel.money import Money
from fedele.kernel.vocabulary import EVENT_ENVIRONMENT, LINE_ENVIRONMENT, PURCHASE_ENVIRONMENT

NOT_GOODS = frozenset({"gift_card", "delivery", "tax", "fee", "donation"})


def line_bindings(sale: Sale, earner: Earner, time_zone: str, names: frozenset[str]) -> Rows:
    """One set of values per line, sharing those of the moment, the member and the purchase.

    Only the names that some condition reads are made and bound: sales ask for them all the time.
    """
    shared = now_values(sale.occurred_at, time_zone) | dict(earner.facts)
    wanted = {name: value for name, value in shared.items() if name in names} | _purchase_values(sale, names)
    readers = [(name, read) for name, read in _LINE.items() if name in names]
    return Rows(
        LINE_ENVIRONMENT.bind(wanted | {name: read(line, sale.currency) for name, read in readers})
        for line in sale.lines
    )


def purchase_bindings(sale: Sale, earner: Earner, time_zone: str) -> Bindings:
    """The values of conditions about a purchase as a whole."""
    return PURCHASE_ENVIRONMENT.bind(
        now_values(sale.occurred_at, time_zone) | dict(earner.facts) | _purchase_values(sale, _PURCHASE)
    )


def event_bindings(occasion: Occasion, earner: Earner, time_zone: str) -> Bindings:
    """The values of an event's conditions and amounts."""
    values = now_values(occasion.occurred_at, time_zone) | dict(earner.facts)
    return EVENT_ENVIRONMENT.bind(
        values
        | {
            "event.name": occasion.name,
            "event.properties": occasion.properties,
            "event.store": occasion.store_id,
            "event.source": occasion.source,
        }
    )


def _purchase_values(sale: Sale, names: Collection[str]) -> dict[str, Any]:
    return {name: read(sale) for name, read in _PURCHASE.items() if name in names}


def _goods(sale: Sale) -> Decimal:
    goods_minor = sum(line.amount_minor for line in sale.lines if line.kind not in NOT_GOODS)
    return Money(goods_minor, sale.currency).decimal


def _line_as_map(line: Line, currency: str) -> Mapping[str, Any]:
    return {
        "sku": line.sku or "",
        "kind": line.kind,
        "category": line.category or "",
        "department": line.department or "",
        "brand": line.brand or "",
        "amount": Money(line.amount_minor, currency).decimal,
        "quantity": line.quantity,
    }


def _each_once(values: Sequence[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


_PURCHASE: Mapping[str, Callable[[Sale], Any]] = {
    "purchase.amount": _goods,
    "purchase.currency": lambda sale: sale.currency,
    "purchase.store": lambda sale: sale.store_id,
    "purchase.channel": lambda sale: sale.channel,
    "purchase.items_count": lambda sale: len(sale.lines),
    "purchase.categories": lambda sale: _each_once([line.category for line in sale.lines]),
    "purchase.departments": lambda sale: _each_once([line.department for line in sale.lines]),
    "purchase.skus": lambda sale: _each_once([line.sku for line in sale.lines]),
    "purchase.lines": lambda sale: [_line_as_map(line, sale.currency) for line in sale.lines],
    "purchase.attributes": lambda sale: sale.attributes,
}
_LINE: Mapping[str, Callable[[Line, str], Any]] = {
    "line.sku": lambda line, _currency: line.sku or "",
    "line.category": lambda line, _currency: line.category or "",
    "line.department": lambda line, _currency: line.department or "",
    "line.brand": lambda line, _currency: line.brand or "",
    "line.kind": lambda line, _currency: line.kind,
    "line.amount": lambda line, currency: Money(line.amount_minor, currency).decimal,
    "line.discount": lambda line, currency: Money(line.discount_minor, currency).decimal,
    "line.quantity": lambda line, _currency: line.quantity,
    "line.attributes": lambda line, _currency: line.attributes,
}
UNSPOKEN = frozenset(
    {"member.attributes", "member.birth_month", "member.birth_day", "member.days_since_birthday", "purchase.lines"}
)


def values_read(names: frozenset[str], bindings: Bindings) -> dict[str, Any]:
    """What a condition saw, JSON-able, for Explain.

    The trace is kept for ever, so nothing that may be personal is in it: of maps that others fill, only numbers and
    flags are shown.
    """
    shown: dict[str, Any] = {}
    for name in sorted(names - UNSPOKEN):
        value = bindings.values.get(name)
        if isinstance(value, Mapping):
            value = {key: item for key, item in value.items() if isinstance(item, bool | int | float)}
        shown[name] = value.isoformat() if isinstance(value, datetime) else value
    return shown
