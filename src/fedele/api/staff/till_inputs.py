"""What a till sends: baskets and returns, read into the checkout's records."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry
from pydantic import SecretStr
from strawberry.scalars import JSON

from fedele.api import ids
from fedele.api.context import Context
from fedele.domains.activity.types import Line, PurchaseId, ReturnedLine, Tender
from fedele.domains.checkout import types as records
from fedele.domains.checkout.errors import BasketInvalid, PurchaseNotFound, StoreForbidden
from fedele.domains.till.types import HoldId
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.money import Money
from fedele.kernel.refusal import InvalidInput, NotFound, Refusal


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


@strawberry.enum(name="DiscountMode", description="Who takes discounts of offers and rewards off.")
class DiscountModeInput(Enum):
    """The till did, or Fedele does."""

    TAKEN = strawberry.enum_value("taken", description="Amounts are after all discounts: the till took them off.")
    APPLY = strawberry.enum_value(
        "apply", description="Amounts are before discounts of offers and rewards: Fedele takes them off and says how."
    )


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
        "took off must be named here, so that it cannot be used again. With discounts: APPLY, unset: all in hand.",
    )
    rewards: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Held rewards to use, by the ids that scan gave. With a hold, unset: its own."
    )
    discounts: DiscountModeInput = DiscountModeInput.TAKEN
    hold: strawberry.ID | None = strawberry.field(
        default=None, description="What was put aside for this basket: it needs no other second fact."
    )
    pin: str | None = strawberry.field(default=None, description="The member's PIN, where the programme takes one.")
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
    named = _owned("hold", given.hold, f"{field}.hold") if given.hold else None
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
        member_id=_member(given, named, field),
        channel=given.channel,
        occurred_at=given.occurred_at,
        attributes=given.attributes or {},
        confirmation=given.confirmation,
        benefits=tuple(_owned("claim", claim, f"{field}.offers")[1] for claim in given.offers)
        if given.offers is not None
        else None,
        rewards=tuple(_owned("redemption", reward, f"{field}.rewards")[1] for reward in given.rewards),
        discounts="apply" if given.discounts is DiscountModeInput.APPLY else "taken",
        hold=HoldId(named[1]) if named else None,
        pin=SecretStr(given.pin) if given.pin is not None else None,
        unknown_card="guest" if given.unknown_card is UnknownCardInput.GUEST else "refuse",
    )


def _member(given: BasketInput, hold: tuple[MemberId, UUID] | None, field: str) -> MemberId | None:
    """Whom the basket names: by id, or by the hold, whose id holds the member's."""
    member_id = ids.member_id_of(given.member_id, f"{field}.memberId") if given.member_id else None
    if hold is not None and member_id not in (None, hold[0]):
        raise BasketInvalid(problem="The hold is not this member's.", field=f"{field}.hold")
    return hold[0] if hold is not None else member_id


def _owned(kind: str, text: str, field: str) -> tuple[MemberId, UUID]:
    named = ids.find_owned_row(kind, text)
    if named is None:
        raise NotFound(what=kind, field=field)
    return named


@strawberry.input
class HoldUnitsInput:
    """Units to put aside."""

    amount: Decimal
    currency: str = strawberry.field(description="The programme's currency: points.")


@strawberry.input
class HoldInput:
    """What to put aside, for the holder of a card or a member scanned before."""

    idempotency_key: str
    card: str | None = strawberry.field(default=None, description="What the scanner read: best the app's own code.")
    member_id: strawberry.ID | None = None
    store: str | None = strawberry.field(default=None, description="Unset: the store that the key is bound to.")
    points: list[HoldUnitsInput] = strawberry.field(default_factory=list)
    rewards: list[strawberry.ID] = strawberry.field(default_factory=list, description="Held rewards to keep.")
    redeem: list[str] = strawberry.field(
        default_factory=list, description="Keys of rewards to buy with units; a release gives both back."
    )
    minutes: int | None = strawberry.field(default=None, description="Unset: as the programme declares.")
    pin: str | None = None
    confirmation: str | None = strawberry.field(default=None, description="The cashier's reason.")


@strawberry.input
class ReleaseInput:
    """A hold to give back before its end. Repeating it changes nothing."""

    hold_id: strawberry.ID
    idempotency_key: str | None = strawberry.field(default=None, description="Not needed: a hold is released once.")
    store: str | None = None


@strawberry.input
class OfflineSaleInput:
    """A sale that a device made while it was alone. Its basket needs occurredAt."""

    sequence: int = strawberry.field(description="The device's own count of its offline sales, from 1 on.")
    idempotency_key: str
    basket: BasketInput


@strawberry.input
class ReplayInput:
    """A device's offline sales, in any order, up to 200 at a time."""

    device: str = strawberry.field(description="The device's own name, the same for ever.")
    sales: list[OfflineSaleInput]
    store: str | None = None


def read_hold(context: Context, given: HoldInput, decimals: Mapping[str, int]) -> records.HoldRequest:
    """A hold as the checkout knows it; `decimals` of each currency. Raises StoreForbidden, InvalidInput or NotFound."""
    units: dict[str, int] = {}
    for index, one in enumerate(given.points):
        exact = one.amount.scaleb(decimals.get(one.currency, 0)) if one.amount.is_finite() else Decimal("0.5")
        if one.currency not in decimals or exact != exact.to_integral_value() or not 0 < exact < 10**15:
            raise InvalidInput(problem="Name positive units of a currency of the programme.", field=f"points[{index}]")
        units[one.currency] = units.get(one.currency, 0) + int(exact)
    return records.HoldRequest(
        store_id=store_of(context, given.store),
        card=given.card,
        member_id=ids.member_id_of(given.member_id, "memberId") if given.member_id else None,
        units=units,
        rewards=tuple(_owned("redemption", reward, "rewards")[1] for reward in given.rewards),
        redeem=tuple(given.redeem),
        minutes=given.minutes,
        pin=SecretStr(given.pin) if given.pin is not None else None,
        confirmation=given.confirmation,
    )


def read_replay(context: Context, given: ReplayInput) -> tuple[StoreId, tuple[records.OfflineSale, ...]]:
    """Offline sales as the checkout knows them. One that cannot be read is refused by itself, or a device's queue would
    stand still behind it; one of another store stops all. Raises StoreForbidden or InvalidInput."""
    store = store_of(context, given.store)
    sales = []
    for index, sale in enumerate(given.sales):
        if store_of(context, sale.basket.store, f"sales[{index}].basket.store") != store:
            raise StoreForbidden(field=f"sales[{index}].basket.store")
        basket: records.Basket | Refusal
        try:
            basket = read_basket(context, sale.basket)
        except Refusal as refused:
            refused.field = refused.field.removeprefix("basket.") if refused.field else None
            basket = refused
        sales.append(records.OfflineSale(sequence=sale.sequence, key=sale.idempotency_key, basket=basket))
    return store, tuple(sales)


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
