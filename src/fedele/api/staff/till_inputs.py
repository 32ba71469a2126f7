"""What a till sends: baskets and returns, read into the checkout's records."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.context import Context
from fedele.domains.activity.types import Line, PurchaseId, ReturnedLine, Tender
from fedele.domains.checkout import types as records
from fedele.domains.checkout.errors import BasketInvalid, PurchaseNotFound, StoreForbidden
from fedele.kernel.ids import StoreId
from fedele.kernel.money import Money
from fedele.kernel.refusal import InvalidInput, NotFound


@strawberry.enum(name="LineKind", description="What a line of a receipt is. Rules say which kinds earn.")
class LineKindInput(Enum):
    """Kinds of lines."""

    GOODS = "goods"
    SERVICE = "service"
    GIFT_CARD = "gift_card"
    DELIVERY = "delivery"
    TAX = "tax"
    FEE = "fee"
    DONATION = "donation"


@strawberry.enum(name="TenderKind", description="What paid a part. POINTS are burned by their declared worth.")
class TenderKindInput(Enum):
    """Kinds of tenders."""

    CASH = "cash"
    CARD = "card"
    POINTS = "points"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"
    VOUCHER = "voucher"
    OTHER = "other"


@strawberry.enum(name="UnknownCard", description="What to do with a card that nobody has, or that was revoked.")
class UnknownCardInput(Enum):
    """Refuse the sale, or make it a guest's."""

    REFUSE = "refuse"
    GUEST = "guest"


@strawberry.input
class BasketLineInput:
    """One line. What is left out is taken from the catalogue by its sku."""

    amount: Decimal = strawberry.field(description="Paid for the whole line: tax included, discount taken off.")
    number: int | None = strawberry.field(default=None, description="Its number on the receipt; unset: its place.")
    sku: str | None = None
    name: str | None = None
    category: str | None = None
    department: str | None = None
    brand: str | None = None
    kind: LineKindInput = LineKindInput.GOODS
    quantity: Decimal = Decimal(1)
    tax: Decimal = Decimal(0)
    discount: Decimal = strawberry.field(default=Decimal(0), description="Taken off the list price already.")
    attributes: JSON | None = None


@strawberry.input
class TenderInput:
    """A part of the payment."""

    kind: TenderKindInput
    amount: Decimal
    currency: str | None = strawberry.field(
        default=None, description="For POINTS: the programme's currency; unset: the only one that has a worth."
    )


@strawberry.input
class BasketInput:
    """A sale. Neither card nor memberId: a guest's, who may claim it later by the receipt."""

    receipt: str = strawberry.field(description="The receipt's number, unique at its store.")
    currency: str = strawberry.field(description="ISO 4217.")
    lines: list[BasketLineInput]
    tenders: list[TenderInput] = strawberry.field(default_factory=list)
    card: str | None = strawberry.field(default=None, description="What the scanner read.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="From an earlier scan.")
    store: str | None = strawberry.field(default=None, description="Unset: the store that the key is bound to.")
    channel: str = "store"
    occurred_at: datetime | None = strawberry.field(default=None, description="When it was sold; unset: now.")
    confirmation: str | None = strawberry.field(
        default=None, description="The cashier's reason for letting a static card spend value."
    )
    unknown_card: UnknownCardInput = UnknownCardInput.REFUSE
    offers: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="Claims to use, by the ids that scan gave; unset: all that earn more. A discount that the till "
        "took off must be named here, so that it cannot be used again.",
    )
    attributes: JSON | None = None


@strawberry.input
class ReturnedLineInput:
    """A part of a line that comes back."""

    number: int
    quantity: Decimal = Decimal(1)


@strawberry.input
class ReturnPurchaseInput:
    """Lines that come back. Name the purchase by its id, or by its receipt."""

    lines: list[ReturnedLineInput]
    idempotency_key: str
    purchase_id: strawberry.ID | None = None
    receipt: str | None = None
    purchase_store: str | None = strawberry.field(default=None, description="Where it was bought; unset: here.")
    store: str | None = strawberry.field(default=None, description="Unset: the store that the key is bound to.")
    occurred_at: datetime | None = None


def store_of(context: Context, asked: str | None, field: str = "store") -> StoreId:
    """The store a staff key acts for. Raises StoreForbidden for another one than its own."""
    staff = context.staff
    if asked is None:
        if staff.store is None:
            raise InvalidInput(problem="This key is bound to no store: name one.", field=field)
        return staff.store
    if not staff.serves(StoreId(asked)):
        raise StoreForbidden(field=field)
    return StoreId(asked)


def read_basket(context: Context, given: BasketInput, field: str = "basket") -> records.Basket:
    """A basket as the checkout knows it. Raises BasketInvalid, StoreForbidden, InvalidInput or NotFound."""
    if given.attributes is not None and not isinstance(given.attributes, dict):
        raise BasketInvalid(problem="attributes is an object.", field=f"{field}.attributes")
    return records.Basket(
        store_id=store_of(context, given.store, f"{field}.store"),
        receipt=given.receipt,
        currency=given.currency,
        lines=tuple(_line(line, index, given.currency, field) for index, line in enumerate(given.lines)),
        tenders=tuple(
            Tender(
                tender.kind.value,
                _minor(tender.amount, given.currency, f"{field}.tenders[{index}].amount"),
                tender.currency,
            )
            for index, tender in enumerate(given.tenders)
        ),
        card=given.card,
        member_id=ids.member_id_of(given.member_id, f"{field}.memberId") if given.member_id else None,
        channel=given.channel,
        occurred_at=given.occurred_at,
        attributes=given.attributes or {},
        confirmation=given.confirmation,
        benefits=tuple(_claim(claim, f"{field}.offers") for claim in given.offers)
        if given.offers is not None
        else None,
        unknown_card="guest" if given.unknown_card is UnknownCardInput.GUEST else "refuse",
    )


def _claim(text: str, field: str) -> UUID:
    named = ids.find_owned_row("claim", text)
    if named is None:
        raise NotFound(what="claim", field=field)
    return named[1]


def read_return(context: Context, given: ReturnPurchaseInput) -> records.Return:
    """A return as the checkout knows it. Raises PurchaseNotFound, StoreForbidden or InvalidInput."""
    named = ids.find_owned_row("purchase", given.purchase_id) if given.purchase_id else None
    if (given.purchase_id and named is None) or not (given.purchase_id or given.receipt):
        raise PurchaseNotFound(field="purchaseId" if given.purchase_id else "receipt")
    return records.Return(
        store_id=store_of(context, given.store),
        purchase_store_id=store_of(context, given.purchase_store, "purchaseStore") if given.purchase_store else None,
        member_id=named[0] if named else None,
        purchase_id=PurchaseId(named[1]) if named else None,
        receipt=given.receipt,
        lines=tuple(ReturnedLine(line.number, line.quantity) for line in given.lines),
        occurred_at=given.occurred_at,
    )


def _line(given: BasketLineInput, index: int, currency: str, field: str) -> Line:
    place = f"{field}.lines[{index}]"
    if given.attributes is not None and not isinstance(given.attributes, dict):
        raise BasketInvalid(problem="attributes is an object.", field=f"{place}.attributes")
    return Line(
        number=index + 1 if given.number is None else given.number,
        quantity=given.quantity,
        amount_minor=_minor(given.amount, currency, f"{place}.amount"),
        tax_minor=_minor(given.tax, currency, f"{place}.tax"),
        discount_minor=_minor(given.discount, currency, f"{place}.discount"),
        kind=given.kind.value,
        sku=given.sku,
        name=given.name,
        category=given.category,
        department=given.department,
        brand=given.brand,
        attributes=given.attributes or {},
    )


def _minor(amount: Decimal, currency: str, field: str) -> int:
    try:
        return Money.parse(amount, currency).minor
    except ValueError as error:
        raise BasketInvalid(problem=f"{error}.", field=field) from None
