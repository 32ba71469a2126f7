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
    variant: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfferTriggered(Event):
    """Place, hour or something the member did made an offer speak up: once an occasion.

    `why`: place, time or event. `push`: whether the programme wants the member to be told, and not only shown.
    """

    kind: ClassVar[str] = "offers.triggered"
    offer_key: str
    place_key: str | None
    why: str
    occasion: str
    variant: str | None = None
    push: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckedIn(Event):
    """The member is at a place, and the server believes it."""

    kind: ClassVar[str] = "offers.checked_in"
    position_id: UUID
    place_key: str
