"""The records of the till: second facts, holds and devices. Units are scaled integers of a programme currency."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

from pydantic import SecretStr

from fedele.domains.till.config import SecondFact
from fedele.kernel.ids import MemberId, StoreId

HoldId = NewType("HoldId", UUID)
HoldStatus = Literal["open", "settled", "released", "expired"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the till offers as a second fact beside the code that it scanned."""

    pin: SecretStr | None = None
    request: str = ""  # the operation's scope and key: the same PIN under the same one is no further guess
    confirmation: str | None = None  # the cashier's reason
    reward_code: bool = False  # all that is spent is the one reward whose own code was scanned


@dataclasses.dataclass(frozen=True, slots=True)
class Authorisation:
    """Why value may be spent: the fact, and for a rotating code the window that it uses up."""

    fact: SecondFact
    handle_digest: bytes | None = None
    step: int | None = None
    reason: str | None = None  # a cashier's words: kept where erasure finds them


@dataclasses.dataclass(frozen=True, slots=True)
class AuthorisationRecord:
    """One spending that was allowed, for support."""

    id: UUID
    fact: SecondFact
    source_kind: Literal["purchase", "hold"]
    source_id: UUID
    store_id: StoreId
    authorised_at: datetime
    reason: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class HeldUnits:
    """Units of one currency that a hold put aside, and the ledger's transaction that did."""

    currency: str
    units: int
    transaction_id: UUID


@dataclasses.dataclass(frozen=True, slots=True)
class HeldRewardPart:
    """A reward that a hold keeps for its basket. `redeemed`: the hold bought it, and gives it back if released."""

    redemption_id: UUID
    reward_key: str
    redeemed: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Hold:
    """Value put aside for a basket. `status` is as of the moment asked: an open one runs out by itself."""

    id: HoldId
    member_id: MemberId
    store_id: StoreId
    status: HoldStatus
    held_at: datetime
    held_until: datetime
    units: tuple[HeldUnits, ...]
    rewards: tuple[HeldRewardPart, ...]
    fact: SecondFact

    def by_currency(self) -> Mapping[str, int]:
        """Units put aside, per currency."""
        together: dict[str, int] = {}
        for held in self.units:
            together[held.currency] = together.get(held.currency, 0) + held.units
        return together


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HoldAsked:
    """What a till wants put aside for a member. `redeem`: rewards to buy with units; `rewards` are held already."""

    member_id: MemberId
    store_id: StoreId
    units: Mapping[str, int] = dataclasses.field(default_factory=dict)
    rewards: tuple[UUID, ...] = ()
    redeem: tuple[str, ...] = ()
    minutes: int | None = None  # None: as the programme declares


@dataclasses.dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a device from which nothing has come, both ends included."""

    first: int
    last: int


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceJournal:
    """Where a device's offline sales stand."""

    missing: tuple[Gap, ...]
    next_sequence: int


@dataclasses.dataclass(frozen=True, slots=True)
class StandingAtTill:
    """What of a member matters for spending here: a PIN, rewards that holds keep, whether the shown code is spent."""

    has_pin: bool
    kept: frozenset[UUID]
    code_used: bool
