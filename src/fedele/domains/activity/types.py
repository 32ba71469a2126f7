"""The records of activity. Money is in minor units of the purchase's currency; quantities are exact decimals."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NewType, TypeAlias
from uuid import UUID

from fedele.kernel.ids import MemberId, StoreId

PurchaseId = NewType("PurchaseId", UUID)
ReturnId = NewType("ReturnId", UUID)
ActivityEventId = NewType("ActivityEventId", UUID)

LineKind = Literal["goods", "service", "gift_card", "delivery", "tax", "fee", "donation"]
TenderKind = Literal["cash", "card", "points", "gift_card", "store_credit", "voucher", "other"]
LINE_KINDS: tuple[LineKind, ...] = ("goods", "service", "gift_card", "delivery", "tax", "fee", "donation")
TENDER_KINDS: tuple[TenderKind, ...] = ("cash", "card", "points", "gift_card", "store_credit", "voucher", "other")


@dataclasses.dataclass(frozen=True, slots=True)
class Product:
    """One article of the catalogue."""

    sku: str
    name: str
    category: str | None = None
    department: str | None = None
    brand: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Favourite:
    """A product that a member buys again and again. `weight` is the sum of its purchases, each halved by age."""

    product: Product
    weight: float
    last_bought_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt. `amount_minor` is what was paid for the whole line: tax included, discount taken off."""

    number: int
    quantity: Decimal
    amount_minor: int
    tax_minor: int = 0
    discount_minor: int = 0
    kind: LineKind = "goods"
    sku: str | None = None
    name: str | None = None
    category: str | None = None
    department: str | None = None
    brand: str | None = None
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Tender:
    """A part of the payment."""

    kind: TenderKind
    amount_minor: int
    currency: str | None = None  # the programme currency of a "points" tender; None: the only one that has a worth


@dataclasses.dataclass(frozen=True, slots=True)
class Burned:
    """Programme units that paid a part of a purchase, and the ledger's transaction that took them."""

    currency: str
    units: int
    transaction_id: UUID


@dataclasses.dataclass(frozen=True, slots=True)
class Purchase:
    """A sale as the till told it. `occurred_at` is theirs, `recorded_at` ours."""

    id: PurchaseId
    member_id: MemberId
    store_id: StoreId
    receipt: str
    channel: str
    occurred_at: datetime
    recorded_at: datetime
    currency: str
    total_minor: int
    tax_minor: int
    discount_minor: int
    lines: tuple[Line, ...]
    tenders: tuple[Tender, ...] = ()
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    burns: tuple[Burned, ...] = ()
    returned: Mapping[int, Decimal] = dataclasses.field(default_factory=dict)  # line number → quantity given back


@dataclasses.dataclass(frozen=True, slots=True)
class ReturnedLine:
    """A part of one line of the purchase that came back."""

    number: int
    quantity: Decimal


@dataclasses.dataclass(frozen=True, slots=True)
class ActivityEvent:
    """Something a member did that is no purchase: a visit, a ride, a review. `name` is the programme's own word."""

    id: ActivityEventId
    member_id: MemberId
    name: str
    occurred_at: datetime
    recorded_at: datetime
    store_id: StoreId | None
    properties: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class RecordedReturn:
    """One visit to the returns desk. `occurred_at` is theirs, `recorded_at` ours."""

    id: ReturnId
    purchase_id: PurchaseId
    store_id: StoreId
    occurred_at: datetime
    recorded_at: datetime
    lines: tuple[ReturnedLine, ...]


Happening: TypeAlias = Purchase | RecordedReturn | ActivityEvent


@dataclasses.dataclass(frozen=True, slots=True)
class ActivityItem:
    """A row of the member's activity page. `kind` says which of the three it is; money only where there was some."""

    kind: Literal["purchase", "return", "event"]
    id: UUID
    occurred_at: datetime
    name: str
    store_id: StoreId | None = None
    receipt: str | None = None
    currency: str | None = None
    total_minor: int | None = None
    saving_minor: int = 0
    lines: tuple[Line, ...] = ()
    points: Mapping[str, int] = dataclasses.field(default_factory=dict)  # programme currency → units, minus if taken
