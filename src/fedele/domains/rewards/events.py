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
    currency: str
    units: int


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
