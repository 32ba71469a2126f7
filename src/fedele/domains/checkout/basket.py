"""Is the basket one that a till can have sold? And as the rules see it, with the catalogue's words filled in."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fedele.domains.activity.types import LINE_KINDS, TENDER_KINDS, Line
from fedele.domains.checkout.errors import BasketInvalid
from fedele.domains.checkout.types import Basket
from fedele.domains.earning.types import Sale
from fedele.kernel.money import Money, is_currency

LINES_MAX = 2_000
AMOUNT_MAX = 10**12  # minor units
NUMBER_MAX = 100_000
CLOCK_DRIFT = timedelta(minutes=10)
_LINE_FIELDS = tuple(field.name for field in dataclasses.fields(Line))


def check_basket(basket: Basket, now: datetime) -> None:
    """Raise BasketInvalid, with the field and what to do, if the basket contradicts itself."""
    _check_head(basket, now)
    numbers = set()
    for index, line in enumerate(basket.lines):
        _check_line(line, f"lines[{index}]", basket.currency)
        if line.number in numbers:
            raise BasketInvalid(problem=f"Two lines have the number {line.number}.", field=f"lines[{index}].number")
        numbers.add(line.number)
    _check_tenders(basket)


def _check_head(basket: Basket, now: datetime) -> None:
    if not 1 <= len(basket.receipt) <= 100:
        raise BasketInvalid(problem="A receipt number has 1 to 100 characters.", field="receipt")
    if not 1 <= len(basket.lines) <= LINES_MAX:
        raise BasketInvalid(problem=f"A basket has 1 to {LINES_MAX} lines.", field="lines")
    if not is_currency(basket.currency):
        raise BasketInvalid(problem="The currency is an ISO 4217 code such as EUR.", field="currency")
    if basket.occurred_at is not None:
        if basket.occurred_at.tzinfo is None:
            raise BasketInvalid(problem="occurredAt needs a time zone.", field="occurredAt")
        if basket.occurred_at > now + CLOCK_DRIFT:
            raise BasketInvalid(problem="occurredAt lies in the future: check the till's clock.", field="occurredAt")


def _check_line(line: Line, field: str, currency: str) -> None:
    if not 1 <= line.number <= NUMBER_MAX:
        raise BasketInvalid(problem=f"A line's number is from 1 to {NUMBER_MAX}.", field=f"{field}.number")
    if line.kind not in LINE_KINDS:
        raise BasketInvalid(problem=f"Line kinds are {', '.join(LINE_KINDS)}.", field=f"{field}.kind")
    if not Decimal(0) < line.quantity < 10**9 or line.quantity != round(line.quantity, 3):
        raise BasketInvalid(problem="A quantity is positive and has at most 3 decimals.", field=f"{field}.quantity")
    if not 0 <= line.amount_minor <= AMOUNT_MAX:
        raise BasketInvalid(
            problem=f"A line's amount is from 0 to {Money(AMOUNT_MAX, currency)}; returns go apart.",
            field=f"{field}.amount",
        )
    if not 0 <= line.tax_minor <= line.amount_minor:
        raise BasketInvalid(problem="A line's tax is part of its amount.", field=f"{field}.tax")
    if not 0 <= line.discount_minor <= AMOUNT_MAX:
        raise BasketInvalid(problem="A line's discount is not negative.", field=f"{field}.discount")


def _check_tenders(basket: Basket) -> None:
    for index, tender in enumerate(basket.tenders):
        if tender.kind not in TENDER_KINDS or tender.amount_minor <= 0:
            raise BasketInvalid(
                problem=f"A tender is a positive amount of one of {', '.join(TENDER_KINDS)}.", field=f"tenders[{index}]"
            )
    if basket.discounts == "taken":
        check_tenders_pay(basket, basket.total_minor)


def check_tenders_pay(basket: Basket, total_minor: int) -> None:
    """Raise BasketInvalid if the tenders do not pay exactly this. Without tenders nothing is said about them."""
    paid = sum(tender.amount_minor for tender in basket.tenders)
    if basket.tenders and paid != total_minor:
        raise BasketInvalid(
            problem=f"The tenders pay {Money(paid, basket.currency)}, "
            f"the lines cost {Money(total_minor, basket.currency)}.",
            field="tenders",
        )


def sale_of(basket: Basket, at: datetime, products: Mapping[str, Sequence[str | None]]) -> Sale:
    """The basket as the rules see it: what the till left out of a line comes from the catalogue."""
    return Sale(
        store_id=basket.store_id,
        occurred_at=at,
        currency=basket.currency,
        lines=tuple(_with_product(line, products.get(line.sku or "")) for line in basket.lines),
        tenders=basket.tenders,
        channel=basket.channel,
        attributes=basket.attributes,
    )


def _with_product(line: Line, product: Sequence[str | None] | None) -> Line:
    if product is None:
        return line
    name, category, department, brand = product
    return dataclasses.replace(
        line,
        name=line.name or name,
        category=line.category or category,
        department=line.department or department,
        brand=line.brand or brand,
    )


def skus_of(basket: Basket) -> list[str]:
    """The skus whose words the catalogue may have to fill in."""
    return sorted({line.sku for line in basket.lines if line.sku and not (line.category and line.brand and line.name)})


def basket_body(basket: Basket) -> dict[str, Any]:
    """The basket as JSON-able values: what the idempotency key stands for.

    Not the time: a till that got no answer and replays the sale as an offline one states a time that it left to us
    before. It is the same sale, and the first answer stands.
    """
    return {
        "store": basket.store_id,
        "receipt": basket.receipt,
        "currency": basket.currency,
        "card": basket.card,
        "member": str(basket.member_id) if basket.member_id else None,
        "channel": basket.channel,
        "attributes": dict(basket.attributes),
        "benefits": [str(claim) for claim in basket.benefits] if basket.benefits is not None else None,
        "confirmation": basket.confirmation,
        **_new_words(basket),
        "lines": [line_to_json(line) for line in basket.lines],
        "tenders": [dataclasses.asdict(tender) for tender in basket.tenders],
    }


def _new_words(basket: Basket) -> dict[str, Any]:
    """What baskets of the first version did not have: left out when unused, so that a retry keeps its digest."""
    words: dict[str, Any] = {}
    if basket.discounts != "taken":
        words["discounts"] = basket.discounts
    if basket.rewards:
        words["rewards"] = [str(redemption) for redemption in basket.rewards]
    if basket.hold is not None:
        words["hold"] = str(basket.hold)
    return words  # the PIN is not of the sale, and no digest of one is kept


def line_to_json(line: Line) -> dict[str, Any]:
    """A line as `settle_v2` reads it."""
    values = {name: getattr(line, name) for name in _LINE_FIELDS}
    return values | {"quantity": str(line.quantity.normalize()), "attributes": dict(line.attributes)}
