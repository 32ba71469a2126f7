"""What automatic rewards announce."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoRewardEvent(Event):
    """What both have: which units are, or were, which reward."""

    kind: ClassVar[str] = "auto_rewards"
    auto_reward_key: str
    redemption_id: UUID
    reward_key: str
    currency: str
    units: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoRewardIssued(AutoRewardEvent):
    """Units became a held reward."""

    kind: ClassVar[str] = "auto_rewards.issued"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoRewardRevoked(AutoRewardEvent):
    """A return left the member owing: the unused reward became units again."""

    kind: ClassVar[str] = "auto_rewards.revoked"
