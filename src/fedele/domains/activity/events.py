"""What activity announces. No amounts per line, no names: whoever needs them reads the purchase."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class PurchaseRecorded(Event):
    """A member's purchase was settled. `occurred_at` is the sale's own time."""

    kind: ClassVar[str] = "activity.purchase_recorded"
    purchase_id: UUID
    store_id: str
    currency: str
    total_minor: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class PurchaseReturned(Event):
    """Lines of a purchase came back. `whole`: nothing of the purchase is left now."""

    kind: ClassVar[str] = "activity.purchase_returned"
    purchase_id: UUID
    return_id: UUID
    store_id: str
    currency: str
    total_minor: int
    whole: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class PurchaseClaimed(Event):
    """A guest's purchase is this member's now, as a purchase of their own; `purchase_id` is the guest's."""

    kind: ClassVar[str] = "activity.purchase_claimed"
    guest_id: UUID
    purchase_id: UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class ActivityRecorded(Event):
    """A member did something that is no purchase. `name` is the programme's word for it."""

    kind: ClassVar[str] = "activity.recorded"
    event_id: UUID
    name: str
    store_id: str | None = None
