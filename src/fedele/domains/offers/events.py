"""What offers announce."""

import dataclasses
from typing import ClassVar
from uuid import UUID

from fedele.kernel.event import Event


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfferClaimed(Event):
    """A member activated an offer."""

    kind: ClassVar[str] = "offers.claimed"
    claim_id: UUID
    offer_key: str
