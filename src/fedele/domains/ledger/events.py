"""What the ledger announces. `ledger_post_v2` writes these rows to the outbox itself; a test reads each one back."""

import dataclasses
from datetime import datetime
from typing import ClassVar

from fedele.domains.ledger.types import ExpiringUnits, TransactionId
from fedele.kernel.event import Event
from fedele.kernel.money import CurrencyKey


@dataclasses.dataclass(frozen=True, kw_only=True)
class LedgerEvent(Event):
    """What all of them carry. `units` moved (> 0; an adjustment's is signed); `spendable` is what the member has after;
    `expiries` are those of the lots made or touched, soonest first."""

    kind: ClassVar[str] = "points"
    currency: CurrencyKey
    units: int
    transaction_id: TransactionId
    spendable: int
    expiries: tuple[ExpiringUnits, ...] = ()
    programme_version: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsEarned(LedgerEvent):
    """Units were issued: available at once, or pending until `activates_at`."""

    kind: ClassVar[str] = "points.earned"
    source: str
    pending: bool = False
    activates_at: datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsSettled(LedgerEvent):
    """Pending units became available."""

    kind: ClassVar[str] = "points.settled"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsBurned(LedgerEvent):
    """Units were spent."""

    kind: ClassVar[str] = "points.burned"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsRestored(LedgerEvent):
    """A burn was given back, or a hold released."""

    kind: ClassVar[str] = "points.restored"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsHeld(LedgerEvent):
    """Units were reserved for a sale that is not settled yet."""

    kind: ClassVar[str] = "points.held"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsClawedBack(LedgerEvent):
    """Units of an earlier earn were taken back; `debt_incurred` of them are owed, `waived` were given up."""

    kind: ClassVar[str] = "points.clawed_back"
    debt_incurred: int = 0
    waived: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsExpired(LedgerEvent):
    """Lots reached their expiry and were swept."""

    kind: ClassVar[str] = "points.expired"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointsAdjusted(LedgerEvent):
    """A person corrected the balance; `units` is signed."""

    kind: ClassVar[str] = "points.adjusted"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExpiryMoved(LedgerEvent):
    """Lots were given another expiry; `units` is what remains in them."""

    kind: ClassVar[str] = "points.expiry_moved"
