"""What tiers announce."""

import dataclasses
from typing import ClassVar

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class TierChanged(Event):
    """The member's tier is another one from now on. `reason` is a types.ChangeReason."""

    kind: ClassVar[str] = "tiers.tier_changed"
    from_tier: str | None
    to_tier: str | None
    reason: str
