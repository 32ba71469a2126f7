"""The records of the checkout. Units are scaled integers of a programme currency; money is minor units."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr

from fedele.domains.activity.types import Line, PurchaseId, ReturnedLine, ReturnId, Tender
from fedele.domains.earning.types import Boost, Evaluation
from fedele.domains.ledger.types import Balance
from fedele.domains.tiers.types import TierStatus
from fedele.domains.till.config import SecondFact
from fedele.domains.till.types import DeviceJournal, HoldId
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
    discounts: Literal["taken", "apply"] = "taken"  # taken: the till took them off; apply: amounts are before them
    rewards: tuple[UUID, ...] = ()  # held rewards to use
    hold: HoldId | None = None  # what was put aside for this basket, allowed then
    pin: SecretStr | None = None

    @property
    def total_minor(self) -> int:
        """What the lines cost, as they were sent."""
        return sum(line.amount_minor for line in self.lines)


@dataclasses.dataclass(frozen=True, slots=True)
class Benefit:
    """Something the member holds that this sale may use up: a claimed offer. The offers room supplies them."""

    claim_id: UUID
    key: str  # of the offer
    title: str
    boost: Boost | None = None  # what it adds to the awards; None: money off, which the till takes off itself
    margin_floor: Decimal | None = None  # per cent that must be left of the lines that count


@dataclasses.dataclass(frozen=True, slots=True)
class AffordableReward:
    """A reward the member could redeem now."""

    key: str
    title: str
    currency: str
    units: int


@dataclasses.dataclass(frozen=True, slots=True)
class TillHeldReward:
    """A reward the member holds and may use here now."""

    redemption_id: UUID
    key: str
    title: str
    kind: str
    usable_until: datetime


IdentifiedBy = Literal["static_code", "rotating_code", "reward_code", "phone", "receipt"]


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
    held: tuple[TillHeldReward, ...] = ()
    identified_by: IdentifiedBy = "static_code"
    second_facts: tuple[SecondFact, ...] = ()  # what still lets this member's value be spent here
    purchase_id: PurchaseId | None = None  # of the receipt that was scanned
    redemption_id: UUID | None = None  # of the reward whose own code was scanned
    memberships: tuple[str, ...] = ()  # keys of the paid memberships in force


@dataclasses.dataclass(frozen=True, slots=True)
class TakenDiscount:
    """A discount of an offer or a reward, and what it took off each line."""

    source: Literal["offer", "reward"]
    id: UUID
    key: str
    minor: int
    lines: Mapping[int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class DiscountLeftOut:
    """A discount that the basket does not take, and why."""

    source: Literal["offer", "reward"]
    id: UUID
    key: str
    title: str
    code: str


@dataclasses.dataclass(frozen=True, slots=True)
class PayWith:
    """How much of a basket units of one currency may pay, and this member's can."""

    currency: str
    units_max: int  # by the programme
    units_payable: int  # of what the member has
    minor_payable: int


@dataclasses.dataclass(frozen=True, slots=True)
class Quote:
    """What settling the basket would give, and for every rule that gives nothing, why."""

    member_id: MemberId | None  # None: a guest
    evaluation: Evaluation
    benefits_used: tuple[Benefit, ...] = ()
    tier_after: str | None = None
    currency: str = ""
    total_minor: int = 0  # as the lines were sent
    to_pay_minor: int = 0  # once Fedele's discounts are off
    lines: tuple[Line, ...] = ()  # as they would be written
    discounts: tuple[TakenDiscount, ...] = ()
    left_out: tuple[DiscountLeftOut, ...] = ()
    burned: Mapping[str, int] = dataclasses.field(default_factory=dict)
    pay_with: tuple[PayWith, ...] = ()
    rewards_used: tuple[UUID, ...] = ()
    second_fact_needed: bool = False
    hash: str = ""  # give it to settle, which then does exactly this or refuses


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
class Honoured:
    """What an offline sale gave that could not be kept to: the refusal that it would have been, and is not."""

    code: str
    field: str | None
    details: Mapping[str, Any]


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
    currency: str | None = None  # None: settled before answers told money
    total_minor: int = 0  # what was paid
    discounts: tuple[TakenDiscount, ...] = ()
    rewards_used: tuple[UUID, ...] = ()
    late: bool = False  # it reached us later than the programme finds usual
    honoured: tuple[Honoured, ...] = ()

    @property
    def saved_minor(self) -> int:
        """What Fedele's discounts took off."""
        return sum(discount.minor for discount in self.discounts)


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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OfflineSale:
    """A sale that a device made while it was alone, under its own number. A basket that nobody can read is the refusal
    that says why."""

    sequence: int
    key: str
    basket: Basket | Refusal


@dataclasses.dataclass(frozen=True, slots=True)
class ReplayedSale:
    """What became of it. `problems`: what was refused, or honoured though it could not be kept to.

    `known`: it was settled before, and is answered as it was then.
    """

    sequence: int
    key: str
    outcome: Literal["settled", "known", "honoured", "refused"]
    settlement: Settlement | None
    problems: tuple[Honoured, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Replay:
    """A device's offline sales, each with its result, and the numbers that never came."""

    sales: tuple[ReplayedSale, ...]
    journal: DeviceJournal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """What a till wants put aside, for the holder of a card or a member scanned before."""

    store_id: StoreId
    card: str | None = None
    member_id: MemberId | None = None
    units: Mapping[str, int] = dataclasses.field(default_factory=dict)
    rewards: tuple[UUID, ...] = ()
    redeem: tuple[str, ...] = ()
    minutes: int | None = None
    pin: SecretStr | None = None
    confirmation: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SeriesSale:
    """What became of one basket of a series. `units` per currency: what it did to the balances."""

    outcome: Literal["settled", "known", "refused"]  # known: settled before, left alone
    refusal: Refusal | None = None
    units: Mapping[str, int] = dataclasses.field(default_factory=dict)
