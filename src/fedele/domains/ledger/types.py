"""The ledger's words: operations that go in, postings that come back, and the records that queries return.

Units are scaled integers of the programme currency. Records are frozen; nothing here touches the database.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, NewType
from uuid import UUID

from fedele.kernel.ids import MemberId
from fedele.kernel.money import CurrencyKey

TransactionId = NewType("TransactionId", UUID)
EntryId = NewType("EntryId", UUID)
LotId = NewType("LotId", UUID)

Account = Literal["available", "pending", "reserved", "debt", "issued", "redeemed", "expired", "revoked", "adjusted"]
ClawbackMode = Literal["clamp", "debt", "pending"]
ShortfallMode = Literal["refuse", "clamp", "debt"]
LotState = Literal["pending", "active"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Base of what may be posted. `scope` and `key` make it idempotent for the member; `reason` says why, without
    personal data; `occurred_at` is when it happened for the member (None: now)."""

    op: ClassVar[str]
    scope: str
    key: str
    currency: CurrencyKey
    occurred_at: datetime | None = None
    programme_version: int | None = None
    reason: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The object that `ledger_post_v2` reads: every field that is not None, instants as ISO 8601."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"op": self.op} | {name: plain(value) for name, value in fields.items() if value is not None}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Earn(Operation):
    """Issue `units` as one lot; pending until `activates_at` when that lies after now."""

    op: ClassVar[str] = "earn"
    units: int
    source: str
    purchase_id: UUID | None = None
    line: str | None = None
    activates_at: datetime | None = None
    expires_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Operation):
    """Make pending lots available: those due at `as_of`, or those of one earning transaction at once."""

    op: ClassVar[str] = "settle"
    as_of: datetime | None = None
    transaction_id: TransactionId | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Burn(Operation):
    """Spend `units`, oldest expiry first, from lots unexpired at `as_of`."""

    op: ClassVar[str] = "burn"
    units: int
    as_of: datetime | None = None
    purchase_id: UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Restore(Operation):
    """Give back a burn (or capture), wholly or `units` of it, to its own lots; see the package for `keep_until`."""

    op: ClassVar[str] = "restore"
    transaction_id: TransactionId
    units: int | None = None
    keep_until: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clawback(Operation):
    """Take back an earn, wholly or `units` of it: its own lots first, then by the declared mode."""

    op: ClassVar[str] = "clawback"
    transaction_id: TransactionId
    mode: ClawbackMode
    units: int | None = None
    total: int | None = None  # instead of units: how much altogether; what was given up before is asked for again


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Operation):
    """Sweep the active lots that expired at or before `as_of`."""

    op: ClassVar[str] = "expire"
    as_of: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Adjust(Operation):
    """A person's correction: `units` signed, with who did it; `reason` must say why."""

    op: ClassVar[str] = "adjust"
    units: int
    actor: str
    mode: ShortfallMode = "refuse"
    expires_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LotExpiry:
    """One lot's new expiry; None: it never expires."""

    lot_id: LotId
    expires_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MoveExpiry(Operation):
    """Give the named lots a new expiry."""

    op: ClassVar[str] = "move_expiry"
    changes: Sequence[LotExpiry]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive(Operation):
    """Let every live lot that would end earlier live until `expires_at`."""

    op: ClassVar[str] = "move_expiry"
    expires_at: datetime
    later_only: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExtendExpiry(Operation):
    """Give live lots that could be spent before `earned_before` so much longer, in the days of `time_zone`.

    Once per key: a repetition, even one that asks for another length, finds nothing to do.
    """

    op: ClassVar[str] = "extend_expiry"
    time_zone: str
    earned_before: datetime
    years: int = 0
    months: int = 0
    days: int = 0
    end_of: Literal["day", "month", "year"] = "day"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Operation):
    """Reserve `units` for a sale that is not settled yet, oldest expiry first."""

    op: ClassVar[str] = "hold"
    units: int
    held_until: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Release(Operation):
    """Give a hold's units back to their lots."""

    op: ClassVar[str] = "release"
    transaction_id: TransactionId
    units: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Capture(Operation):
    """Turn a hold's units into a burn."""

    op: ClassVar[str] = "capture"
    transaction_id: TransactionId
    units: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PostedEntry:
    """One leg of a posting: the account's version and balance are those after it."""

    id: EntryId
    account: Account
    amount: int
    version: int
    balance: int


@dataclasses.dataclass(frozen=True, slots=True)
class PostedLot:
    """A lot that was made or touched; `units` were put in, taken or given back."""

    id: LotId
    units: int
    expires_at: datetime | None
    state: LotState


@dataclasses.dataclass(frozen=True, slots=True)
class Posting:
    """What one operation did. `transaction_id` is None when there was nothing to do."""

    op: str
    transaction_id: TransactionId | None
    currency: CurrencyKey
    units: int
    requested: int
    waived: int
    debt_paid: int
    debt_incurred: int
    spendable: int
    entries: tuple[PostedEntry, ...]
    lots: tuple[PostedLot, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class ExpiringUnits:
    """Units that stop being spendable at one instant."""

    units: int
    expires_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Balance:
    """A member's units of one currency at a moment. `available` = Σ unexpired lots; `debt` ≥ 0 is owed;
    `lifetime` = earned and settled, less clawbacks; `next_expiries` soonest first."""

    currency: CurrencyKey
    available: int
    pending: int
    reserved: int
    debt: int
    lifetime: int
    next_expiries: tuple[ExpiringUnits, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class EntryRecord:
    """An entry of a member's own account, with the transaction it belongs to."""

    id: EntryId
    member_id: MemberId
    transaction_id: TransactionId
    kind: str
    currency: CurrencyKey
    account: Account
    amount: int
    balance: int
    occurred_at: datetime
    recorded_at: datetime
    reason: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class LotRecord:
    """A lot as it stands: what came in, what is left, what is held."""

    id: LotId
    member_id: MemberId
    currency: CurrencyKey
    transaction_id: TransactionId
    source: str
    purchase_id: UUID | None
    line: str | None
    original: int
    remaining: int
    reserved: int
    state: LotState
    earned_at: datetime
    activates_at: datetime | None
    expires_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class LotUse:
    """What one transaction took from (> 0) or gave back to (< 0) one lot."""

    lot_id: LotId
    kind: str
    amount: int


@dataclasses.dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A transaction with everything that explains it."""

    id: TransactionId
    member_id: MemberId
    kind: str
    scope: str
    key: str
    currency: CurrencyKey
    requested: int
    occurred_at: datetime
    recorded_at: datetime
    programme_version: int | None
    actor: str | None
    reason: Mapping[str, Any]
    reverses: TransactionId | None
    purchase_id: UUID | None
    entries: tuple[EntryRecord, ...]
    uses: tuple[LotUse, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class ProgrammeTotal:
    """A currency over all members: `outstanding` = issued + adjusted − redeemed − expired − revoked
    = available + pending + reserved − debt, and available + pending + reserved = Σ lots, to the unit."""

    currency: CurrencyKey
    issued: int
    redeemed: int
    expired: int
    revoked: int
    adjusted: int
    available: int
    pending: int
    reserved: int
    debt: int
    outstanding: int


@dataclasses.dataclass(frozen=True, slots=True)
class DueMember:
    """A member with something to settle or sweep in one currency."""

    member_id: MemberId
    currency: CurrencyKey


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """A broken promise that `verify` found: which one, whose, and what was seen."""

    check: str
    member_id: MemberId
    found: str


def plain(value: Any) -> Any:
    """A value as JSON: instants and ids as text, records and sequences member by member."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("the ledger takes aware datetimes only")
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
