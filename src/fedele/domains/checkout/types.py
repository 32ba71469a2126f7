"""The records of the checkout. Units are scaled integers of a programme currency; money is minor units."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fedele.domains.activity.types import Line, PurchaseId, ReturnedLine, ReturnId, Tender
from fedele.domains.earning.types import Boost, Evaluation
from fedele.domains.ledger.types import Balance
from fedele.domains.tiers.types import TierStatus
from fedele.kernel.ids import MemberId, StoreId
from fedele.kernel.refusal import Refusal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What the till wants to sell. With neither `card` nor `member_id` it is a guest's."""

    store_id: StoreId
    receipt: str
    currency: str
    lines: tuple[Line, ...]
    tenders: tuple[Tender, ...] = ()
    card: str | None = None  # what the reader read; None when the member was scanned before
    member_id: MemberId | None = None
    channel: str = "store"
    occurred_at: datetime | None = None  # theirs; None: now
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    benefits: tuple[UUID, ...] | None = None  # claims to use; None: all that earn more, and no discount
    confirmation: str | None = None  # the cashier's reason for letting a static card spend value
    unknown_card: Literal["refuse", "guest"] = "refuse"

    @property
    def total_minor(self) -> int:
        """What the customer pays for all lines."""
        return sum(line.amount_minor for line in self.lines)


@dataclasses.dataclass(frozen=True, slots=True)
class Benefit:
    """Something the member holds that this sale may use up: a claimed offer. The offers room supplies them."""

    claim_id: UUID
    key: str  # of the offer
    title: str
    boost: Boost | None = None  # what it adds to the awards; None: money off, which the till takes off itself


@dataclasses.dataclass(frozen=True, slots=True)
class AffordableReward:
    """A reward the member could redeem now."""

    key: str
    title: str
    currency: str
    units: int


@dataclasses.dataclass(frozen=True, slots=True)
class TillMember:
    """The member as a till may see them: no contact, no full name."""

    member_id: MemberId
    display_name: str | None  # "Anna R."
    tier: TierStatus | None
    balances: tuple[Balance, ...]
    benefits: tuple[Benefit, ...] = ()
    rewards: tuple[AffordableReward, ...] = ()
    warnings: tuple[str, ...] = ()  # codes


@dataclasses.dataclass(frozen=True, slots=True)
class Quote:
    """What settling the basket would give, and for every rule that gives nothing, why."""

    member_id: MemberId | None  # None: a guest
    evaluation: Evaluation
    benefits_used: tuple[Benefit, ...] = ()
    tier_after: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class GivenAward:
    """What a rule gave in this sale."""

    rule: str
    currency: str
    units: int


@dataclasses.dataclass(frozen=True, slots=True)
class TierMove:
    """The tier became another one."""

    from_tier: str | None
    to_tier: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Settlement:
    """The settled sale; a retry with the same key gets the identical one."""

    purchase_id: PurchaseId
    member_id: MemberId
    guest: bool
    version: int  # the member's, after it
    programme_version: int
    awards: tuple[GivenAward, ...]
    burned: Mapping[str, int]
    spendable: Mapping[str, int]  # per currency this sale touched, after it
    tier_move: TierMove | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Lines that come back. The purchase is named by id, or by store and receipt."""

    store_id: StoreId  # where it comes back
    lines: tuple[ReturnedLine, ...]
    purchase_store_id: StoreId | None = None  # where it was bought; None: here
    purchase_id: PurchaseId | None = None
    member_id: MemberId | None = None
    receipt: str | None = None
    occurred_at: datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ReturnSettlement:
    """The settled return."""

    return_id: ReturnId
    purchase_id: PurchaseId
    member_id: MemberId
    version: int
    currency: str
    total_minor: int
    clawed_back: Mapping[str, int]
    restored: Mapping[str, int]
    spendable: Mapping[str, int]
    tier_move: TierMove | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class EventSettlement:
    """A recorded event and what it earned."""

    event_id: UUID
    member_id: MemberId
    version: int
    programme_version: int
    awards: tuple[GivenAward, ...]
    spendable: Mapping[str, int]
    tier_move: TierMove | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SeriesSale:
    """What became of one basket of a series. `units` per currency: what it did to the balances."""

    outcome: Literal["settled", "known", "refused"]  # known: settled before, left alone
    refusal: Refusal | None = None
    units: Mapping[str, int] = dataclasses.field(default_factory=dict)
