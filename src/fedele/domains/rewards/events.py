"""What rewards announce."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class RedemptionEvent(Event):
    """What all have: which redemption of which reward, and its price."""

    redemption_id: UUID
    reward_key: str
    currency: str | None = None  # None: it was given, and has no price
    units: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class RewardRedeemed(RedemptionEvent):
    """A member took a reward."""

    kind: ClassVar[str] = "rewards.redeemed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RedemptionUsed(RedemptionEvent):
    """A held reward was used up."""

    kind: ClassVar[str] = "rewards.used"
    store_id: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RedemptionCancelled(RedemptionEvent):
    """A held reward was given back, and its price with it."""

    kind: ClassVar[str] = "rewards.cancelled"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RedemptionReopened(RedemptionEvent):
    """A used reward is held again: the purchase it was used on came back."""

    kind: ClassVar[str] = "rewards.reopened"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RewardDonated(RedemptionEvent):
    """Units went to a cause; `value_minor` of `money` is what the brand owes it, if the programme says."""

    kind: ClassVar[str] = "rewards.donated"
    cause: str
    value_minor: int | None = None
    money: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class GiftSent(RedemptionEvent):
    """A physical gift is on its way."""

    kind: ClassVar[str] = "rewards.sent"
    tracking: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SweepstakeWon(RedemptionEvent):
    """The member's entry won."""

    kind: ClassVar[str] = "rewards.won"
    number: int
    place: int
