"""A row of a purchases file: a line that was sold, or, with a negative quantity, one that came back."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from fedele.domains.activity.types import LINE_KINDS, Line
from fedele.domains.checkout.types import Basket
from fedele.domains.exchange import columns
from fedele.domains.exchange.commands.run import named_member
from fedele.domains.exchange.types import InputRow, RowInvalid
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.ids import MemberId, StoreId


@dataclasses.dataclass(frozen=True, slots=True)
class PurchaseRow:
    """One row, understood. `back` names what a returned line was bought as."""

    row: InputRow
    named: tuple[str, str]
    store: StoreId
    receipt: str
    at: datetime
    currency: str
    channel: str
    line: Line
    back: "Back | None" = None

    @property
    def key(self) -> str:
        """The receipt it belongs to, as one text."""
        return receipt_key(self.store, self.receipt)


@dataclasses.dataclass(frozen=True, slots=True)
class Back:
    """The purchase that a returned line belongs to, and its number there (None: the first of its sku)."""

    store: StoreId
    receipt: str
    number: int | None


def receipt_key(store: str, receipt: str) -> str:
    """A receipt as one text."""
    return f"{store}\x1f{receipt}"


class PurchaseParser:
    """Turns rows into lines, in the programme's currency and time zone where the file does not say."""

    def __init__(self, programme: Programme) -> None:
        brand = programme.section(ProgrammeConfig)
        self.time_zone, self.home_currency = brand.time_zone, brand.home_currency

    def parse(self, row: InputRow) -> PurchaseRow:
        """Raises RowInvalid."""
        values = row.values
        store, receipt = StoreId(columns.needed(values, "store")), columns.needed(values, "receipt")
        at = columns.instant(values, "occurred_at", self.time_zone)
        if at is None:
            raise RowInvalid("occurred_at", "is empty")
        currency = values.get("currency") or self.home_currency
        quantity = columns.number(values, "quantity")
        if quantity == 0:
            raise RowInvalid("quantity", "is 0: nothing was sold and nothing came back")
        back = _back(values, store) if quantity < 0 else None
        return PurchaseRow(
            row, named_member(values), store, receipt, at, currency, values.get("channel") or "store",
            _line(values, currency, abs(quantity), back is not None), back,
        )  # fmt: skip


def _back(values: Mapping[str, str], store: StoreId) -> Back:
    """What a row of negative quantity gives back. Nothing is guessed: it must name its purchase."""
    if not values.get("returns_receipt"):
        raise RowInvalid("returns_receipt", "a negative quantity is a return: name the receipt that it comes back of")
    number = columns.whole(values, "returns_line") if values.get("returns_line") else None
    if number is None and not values.get("sku"):
        raise RowInvalid("returns_line", "name the line that comes back, or its sku")
    return Back(StoreId(values.get("returns_store") or store), values["returns_receipt"], number)


def _line(values: Mapping[str, str], currency: str, quantity: Decimal, returned: bool) -> Line:
    kind = values.get("kind") or "goods"
    if kind not in LINE_KINDS:
        raise RowInvalid("kind", f"{kind!r} is none of {', '.join(LINE_KINDS)}")
    amount = columns.money(values, "amount", currency)
    if amount < 0 and not returned:
        raise RowInvalid("amount", "is negative: what is taken off a line is part of its own amount and discount")
    return Line(
        number=columns.whole(values, "line", "0"),
        quantity=quantity,
        amount_minor=abs(amount),
        tax_minor=columns.money(values, "tax", currency, "0"),
        discount_minor=columns.money(values, "discount", currency, "0"),
        kind=kind,
        sku=values.get("sku") or None,
        name=values.get("name") or None,
        category=values.get("category") or None,
        department=values.get("department") or None,
        brand=values.get("brand") or None,
    )


def check_receipt(rows: Sequence[PurchaseRow]) -> None:
    """Raise RowInvalid if the lines of one receipt contradict each other."""
    first = rows[0]
    for row in rows[1:]:
        for column, mine, theirs in (
            ("occurred_at", row.at, first.at),
            ("currency", row.currency, first.currency),
            ("channel", row.channel, first.channel),
            ("quantity", row.back is None, first.back is None),
        ):
            if mine != theirs:
                what = "sells and takes back: give the return a receipt of its own" if column == "quantity" else (
                    f"says {theirs} on line {first.row.line} and {mine} on line {row.row.line}"
                )  # fmt: skip
                raise RowInvalid(column, f"the receipt {what}")
        if first.back and row.back and (row.back.store, row.back.receipt) != (first.back.store, first.back.receipt):
            raise RowInvalid("returns_receipt", "one return gives back lines of one purchase")


def basket_of(rows: Sequence[PurchaseRow], member_id: MemberId) -> Basket:
    """The rows of one receipt as the till would have told them. Lines without a number count from 1."""
    first = rows[0]
    lines = [
        row.line if row.line.number else dataclasses.replace(row.line, number=place)
        for place, row in enumerate(rows, start=1)
    ]
    return Basket(
        store_id=first.store,
        receipt=first.receipt,
        currency=first.currency,
        lines=tuple(lines),
        member_id=member_id,
        channel=first.channel,
        occurred_at=first.at,
        benefits=(),
    )
