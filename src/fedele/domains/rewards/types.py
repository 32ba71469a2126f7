"""The records of rewards. Units are scaled integers of the programme currency."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

from fedele.domains.rewards.config import Reward
from fedele.kernel.ids import MemberId

RedemptionId = NewType("RedemptionId", UUID)
RedemptionStatus = Literal["held", "used", "cancelled", "expired"]


@dataclasses.dataclass(frozen=True, slots=True)
class Redemption:
    """A reward that a member holds or held. `status` is as of the moment asked: a held one expires by itself."""

    id: RedemptionId
    member_id: MemberId
    reward_key: str
    programme_version: int
    status: RedemptionStatus
    code: str
    currency: str
    units: int
    redeemed_at: datetime
    usable_until: datetime
    used_at: datetime | None = None
    used_store: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """How often a member took each reward, cancelled ones left out; and how many of each are gone in all."""

    taken: Mapping[str, int]
    taken_today: Mapping[str, int]
    gone: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Offered:
    """A reward as one member sees it. `refusal` is the code of what stops them; None: they can have it now."""

    reward: Reward
    units: int  # the price for this member
    spendable: int
    refusal: str | None

    @property
    def affordable(self) -> bool:
        """Whether nothing stops the member."""
        return self.refusal is None

    @property
    def missing(self) -> int:
        """Units still to be earned."""
        return max(0, self.units - self.spendable)
