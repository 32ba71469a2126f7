"""The records of rewards. Units are scaled integers of the programme currency, money is minor units."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NewType
from uuid import UUID

from fedele.domains.programme.types import Text
from fedele.domains.rewards.config import Reward
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal

RedemptionId = NewType("RedemptionId", UUID)
RedemptionStatus = Literal["held", "used", "cancelled", "expired"]
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no letters that look alike
CODE_GROUPS, CODE_GROUP_LENGTH = 3, 4  # 59 bits
_GENERATED = re.compile(rf"(?:[A-Z0-9-]{{1,12}}-)?(?:[{CODE_ALPHABET}]{{4}}-){{2}}[{CODE_ALPHABET}]{{4}}")
Fulfilment = Literal["ordered", "sent"]
RedemptionSource = Literal[
    "member", "auto", "offer", "draw", "staff", "challenge", "streak", "surprise", "referral", "survey", "review",
    "contest", "gathering", "make_good", "journey",
]  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Redemption:
    """A reward that a member holds or held. `status` is as of the moment asked: a held one expires by itself."""

    id: RedemptionId
    member_id: MemberId
    reward_key: str
    programme_version: int
    status: RedemptionStatus
    code: str
    currency: str | None  # None: it was given, and has no price
    units: int
    redeemed_at: datetime
    usable_until: datetime
    used_at: datetime | None = None
    used_store: str | None = None
    source: str = "member"
    purchase_id: UUID | None = None  # that used it
    fulfilment: Fulfilment | None = None  # of what is sent
    tracking: str | None = None
    entry_number: int | None = None  # in a draw
    won_place: int | None = None
    terms: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)  # read them with queries.reward_of


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """Where a gift is sent. Personal data: it lives in a table that erasure empties."""

    recipient: str
    street: str
    city: str
    country: str  # ISO 3166
    postal_code: str = ""
    region: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """How often a member redeemed one reward in the running periods of the programme's calendar."""

    day: int = 0
    week: int = 0
    month: int = 0
    year: int = 0
    lifetime: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        """Of two rewards together."""
        return Taken(*(getattr(self, field.name) + getattr(other, field.name) for field in dataclasses.fields(Taken)))


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """How often a member redeemed each reward, cancelled ones and gifts left out; and what is left on the shelves.

    `codes` says how many are free in each pool that has few; a pool that is not named has plenty.
    """

    taken: Mapping[str, Taken]
    gone: Mapping[str, int]  # taken or promised, less what staff added
    codes: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """The price for one member: `units` of what is usually `usual`, and the words for the difference, if any."""

    units: int
    usual: int
    name: Text | None = None
    tier: str | None = None  # the tier whose own price it is


@dataclasses.dataclass(frozen=True, slots=True)
class Offered:
    """A reward as one member sees it. `refusal` is the code of what stops them; None: they can have it now."""

    reward: Reward
    currency: str
    asked: Asked
    spendable: int
    refusal: str | None
    stopped: Refusal | None = None  # the same with its words; None where only units are missing
    left: int | None = None  # of a reward that ends

    @property
    def units(self) -> int:
        """The price for this member."""
        return self.asked.units

    @property
    def affordable(self) -> bool:
        """Whether nothing stops the member."""
        return self.refusal is None

    @property
    def missing(self) -> int:
        """Units still to be earned."""
        return max(0, self.units - self.spendable)


@dataclasses.dataclass(frozen=True, slots=True)
class Reservation:
    """One of the shelf, promised to a redemption until it is paid or the time is up."""

    reward_key: str
    id: RedemptionId
    stocked: bool
    code: str | None = dataclasses.field(repr=False)
    reserved_until: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class HeldReward:
    """Something a member holds and a till at this store may use now."""

    redemption_id: RedemptionId
    reward: Reward
    title: str
    usable_until: datetime
    code: str


@dataclasses.dataclass(frozen=True, slots=True)
class Discount:
    """What a reward takes off a basket: minor units by line number, summing to the total; or what stops it."""

    total_minor: int = 0
    lines: Mapping[int, int] = dataclasses.field(default_factory=dict)
    stopped: Refusal | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """A reward that a purchase used up, and what it took off each line."""

    redemption_id: RedemptionId
    reward_key: str
    lines: Mapping[int, int]
    on_return: str = "give_back"


@dataclasses.dataclass(frozen=True, slots=True)
class Shelf:
    """What is left of one reward, for operators. None where it does not end."""

    reward: Reward
    stock: int | None
    taken: int
    reserved: int
    codes_free: int
    codes_given: int

    @property
    def left(self) -> int | None:
        """How many can still be had; None: no end."""
        left = None if self.stock is None else max(0, self.stock - self.taken)
        if getattr(self.reward, "codes", None) == "pool":
            left = self.codes_free if left is None else min(left, self.codes_free)
        return left

    @property
    def low(self) -> bool:
        """Whether the pool has so few codes left that operators should fill it."""
        return getattr(self.reward, "codes", None) == "pool" and self.codes_free <= getattr(
            self.reward, "pool_low_at", 0
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A numbered entry in a draw."""

    number: int
    member_id: MemberId
    redemption_id: RedemptionId


@dataclasses.dataclass(frozen=True, slots=True)
class Winner:
    """Who won which place."""

    place: int
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class Draw:
    """A draw that was made: with the seed and the entries anybody gets the same winners."""

    reward_key: str
    seed: str
    entries_count: int
    winners: Sequence[Winner]
    actor: str
    drawn_at: datetime


def is_generated(code: str) -> bool:
    """Whether a text has the form of the codes that we make for redemptions: no card, number or receipt has it."""
    return _GENERATED.fullmatch(code) is not None


def address_of(delivery: Delivery) -> dict[str, Any]:
    """The address as JSON, without the recipient."""
    return {field.name: getattr(delivery, field.name) for field in dataclasses.fields(delivery)[1:]}
